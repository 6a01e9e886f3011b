"""/admin models and /admin refresh: what the providers offer, as far as is known, and what has changed."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from botgateway.delivery.typing_sign import typing_shown
from botgateway.domain.catalogue_notices import tell_admins, write_changes, write_missing
from botgateway.handlers.conversation import Conversation, Handled
from botgateway.wording.administration import AdministrationPhrase as Words
from botgateway.wording.times import say_date
from llm.catalogue import read_known_lists, refresh_models
from llm.catalogue_lists import KnownList
from llm.catalogue_refresh import Differences

MODELS_SHOWN = 40  # of a provider; some list hundreds


def handle_models(conversation: Conversation, _rest: str) -> Handled:
    """Show the catalogue."""
    blocks = [_describe_list(conversation, known) for known in read_known_lists(tell=tell_admins)]
    text = "\n\n".join([conversation.say(Words.MODELS), *blocks])
    return Handled(message_ids=conversation.answer.deliver(text))


def handle_refresh(conversation: Conversation, _rest: str) -> Handled:
    """Ask all providers, ten seconds at most; whoever was asked within the last minute is not asked again."""
    chats: tuple[str, ...] = ()

    def tell(differences: Differences) -> None:
        nonlocal chats
        chats = tell_admins(differences, but=str(conversation.incoming.chat_id))

    with typing_shown(conversation.client, conversation.incoming.chat_id):
        differences = refresh_models(tell=tell)
    message_ids = conversation.answer.deliver(_describe_refresh(conversation, differences))
    return Handled(message_ids=message_ids, notice_chats=chats)


def _describe_refresh(conversation: Conversation, differences: Differences) -> str:
    language = conversation.language
    lists = differences.lists
    head = conversation.say(
        Words.REFRESHED if differences.asked else Words.REFRESHED_LATELY,
        providers=len(lists),
        answered=sum(known.is_read and not known.is_stale for known in lists.values()),
        models=sum(len(known.models) for known in lists.values()),
    )
    changes = write_changes(differences, language)
    if differences.asked and not changes:
        changes = conversation.say(Words.NOTHING_CHANGED)
    told = {change.provider for change in differences.news}
    failing = [known for known in lists.values() if known.is_stale and known.provider not in told]
    heads = [_describe_head(conversation, known) for known in failing]
    return "\n\n".join(filter(None, [head, changes, *heads, write_missing(differences, language)]))


def _describe_list(conversation: Conversation, known: KnownList) -> str:
    names = sorted(known.models, key=str.casefold)
    lines = [conversation.say(Words.MODEL, model=name) for name in names[:MODELS_SHOWN]]
    if left_out := len(names) - len(lines):
        lines.append(conversation.say(Words.MORE_MODELS, count=left_out))
    return "\n".join([_describe_head(conversation, known), "", *lines])


def _describe_head(conversation: Conversation, known: KnownList) -> str:
    if known.refreshed_at is None:
        phrase = Words.PROVIDER_NEVER_ANSWERED if known.is_stale else Words.PROVIDER_UNASKED
        return conversation.say(phrase, provider=known.provider, outcome=known.failure)
    return conversation.say(
        Words.PROVIDER_STALE if known.is_stale else Words.PROVIDER_LISTED,
        provider=known.provider,
        count=len(known.models),
        moment=_say_moment(known.refreshed_at, conversation.language),
        outcome=known.failure,
    )


def _say_moment(moment: datetime, language: str) -> str:
    local = timezone.localtime(moment)
    return f"{say_date(local.date(), language=language)}, {local:%H:%M}"
