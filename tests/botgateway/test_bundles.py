from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.utils import timezone

from botgateway.domain.bundles import LONG_TEXT, Bundle, find_time_to_wait_s, next_bundle
from botgateway.domain.updates import IncomingMessage
from botgateway.models import InboxUpdate

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.get_default_timezone())
LONG = "д" * LONG_TEXT
LIMIT = 4_096  # characters of a message, Telegram's limit for those of one code unit
DOCUMENT = {"file_id": "f", "file_size": 1, "file_name": "a.txt", "mime_type": "text/plain"}


def arrive(
    text: str = "",
    *,
    number: int = 1,
    after_s: float = 0.0,
    user_id: int = 42,
    kind: str = "message",
    **more: Any,
) -> InboxUpdate:
    """An update that is pending; `number` is its message's id, `after_s` when it arrived."""
    message = {
        "message_id": number,
        "from": {"id": user_id, "first_name": "Анна"},
        "chat": {"id": 42, "type": "private"},
        **({"text": text} if text else {}),
        **more,
    }
    return InboxUpdate(
        pk=ObjectId(),
        update_id=number,
        kind=kind,
        chat_id="42",
        message_id=number,
        payload=json.dumps({"update_id": number, kind: message}),
        received_at=NOW + timedelta(seconds=after_s),
    )


def read_words(pending: Sequence[InboxUpdate]) -> tuple[str, int]:
    """The first question's words and how many updates it is made of."""
    bundle = next_bundle(pending)
    assert isinstance(bundle.incoming, IncomingMessage)
    return bundle.incoming.text, len(bundle.updates)


def test_ordinary_messages_stay_apart() -> None:
    assert read_words([arrive("Добрый день"), arrive("Как дела?", number=2)]) == ("Добрый день", 1)


def test_an_album_is_one_question_with_its_caption() -> None:
    pending = [
        arrive(number=1, media_group_id="g", document=DOCUMENT),
        arrive(number=2, media_group_id="g", document=DOCUMENT, caption="Сравните"),
        arrive("Спасибо", number=3),
    ]

    assert read_words(pending) == ("Сравните", 2)


def test_another_album_is_another_question() -> None:
    pending = [
        arrive(number=1, media_group_id="g", document=DOCUMENT),
        arrive(number=2, media_group_id="h", document=DOCUMENT),
    ]

    assert read_words(pending) == ("", 1)


def test_a_long_text_takes_what_follows_at_once() -> None:
    assert read_words([arrive(LONG), arrive("конец", number=2, after_s=0.1)]) == (f"{LONG}\nконец", 2)


@pytest.mark.parametrize(
    "following",
    [
        arrive("конец", number=2, after_s=30),
        arrive("/clear", number=2),
        arrive("конец", number=2, user_id=43),
        arrive(number=2, caption="конец", document=DOCUMENT),
    ],
    ids=["later", "command", "somebody else's", "file"],
)
def test_a_long_text_does_not_take_what_is_no_continuation(following: InboxUpdate) -> None:
    assert read_words([arrive(LONG), following]) == (LONG, 1)


def test_an_edit_of_an_unanswered_message_replaces_its_words() -> None:
    pending = [
        arrive("Черновик", number=1),
        arrive("Другое", number=2),
        arrive("Чистовик", number=1, kind="edited_message"),
    ]

    assert read_words(pending) == ("Чистовик", 2)


def test_what_was_joined_by_an_earlier_attempt_stays_together_and_takes_nothing_new() -> None:
    lead, second = arrive(LONG), arrive("конец", number=2, after_s=0.1)
    second.joined_to = lead.pk

    assert read_words([lead, second, arrive(LONG, number=3, after_s=0.2)]) == (f"{LONG}\nконец", 2)


@pytest.mark.parametrize("chars", [LIMIT + 1, 2 * LIMIT, 3 * LIMIT + 7])
def test_a_text_cut_at_the_limit_is_put_together_as_it_was(chars: int) -> None:
    whole = ("абвгд " * LIMIT)[:chars]
    pieces = [whole[at : at + LIMIT] for at in range(0, chars, LIMIT)]

    words, count = read_words(
        [arrive(piece, number=1 + at, after_s=at / 10) for at, piece in enumerate(pieces)]
    )

    assert (words, count) == (whole, len(pieces))


def wait_of(*pending: InboxUpdate, at_s: float) -> float:
    bundle: Bundle = next_bundle(pending)
    return find_time_to_wait_s(bundle, now=NOW + timedelta(seconds=at_s))


def test_only_what_may_go_on_is_waited_for(settings: Any) -> None:
    settings.JOIN_WAIT_S = 1.0
    album = arrive(number=1, media_group_id="g", document=DOCUMENT)

    assert wait_of(arrive("Добрый день"), at_s=0) == 0
    assert wait_of(arrive(LONG), at_s=0.25) == 0.75
    assert wait_of(album, at_s=0.5) == 0.5
    assert wait_of(album, arrive(number=2, media_group_id="g", document=DOCUMENT, after_s=0.5), at_s=1) == 0.5
    assert wait_of(album, at_s=5) == 0


def test_a_question_that_was_put_together_before_waits_for_nothing(settings: Any) -> None:
    settings.JOIN_WAIT_S = 1.0
    lead, second = arrive(LONG), arrive(LONG, number=2, after_s=0.1)
    second.joined_to = lead.pk

    assert wait_of(lead, second, at_s=0.2) == 0
