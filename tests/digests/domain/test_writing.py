from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from digests.domain.day import DayPosts, Statement
from digests.domain.due import MAX_ATTEMPTS, list_due_days
from digests.domain.posts import DAY_MAX_CHARS, MOST_POSTS
from digests.domain.prompts import MOST_STATEMENTS
from digests.domain.records import posts_from_json, statements_from_json
from digests.domain.rendering import render_summary
from digests.domain.writing import write_digest
from digests.enums import ChannelState, DigestStatus
from digests.models import Channel, ChannelPost, Digest
from llm.errors import LLMError, Unavailable
from llm.prompt import Prompt, Purpose
from llm.providers.offline import OfflineProvider
from tests.factories.digests import DAY, MIDNIGHT, ChannelFactory, make_post, store_posts
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

NEWS = "В Заречье открыли мост через Лугу; он обошёлся в 1,2 млрд рублей и станет четвёртым в городе."
OTHER = "Мэрия объявила конкурс на ремонт театра: заявки принимают до 15 мая."
ADVERTISEMENT = "Окна дёшево. Реклама. ООО «Рама», ИНН 7700000000, erid: 2Vtz"
ANSWER = "- Открыт мост через Лугу за 1,2 млрд рублей. [1]\n- Театр отремонтируют. [2]\n- Все рады."


@pytest.fixture
def channel() -> Channel:
    return ChannelFactory.create(channel_id="-1002000000001", username="zarechye")


def write(channel: Channel, answer: str | LLMError = ANSWER) -> tuple[Digest, ScriptedProvider]:
    provider = ScriptedProvider(answer)
    return write_digest(channel, DAY, chain=chain_of(provider)), provider


def test_a_digest_says_by_which_posts(channel: Channel) -> None:
    store_posts(channel, NEWS, ADVERTISEMENT, OTHER, f"{NEWS} Ура!", "  ", first=11)

    digest, provider = write(channel)

    assert digest.status == DigestStatus.WRITTEN
    assert digest.summary == (
        "• Открыт мост через Лугу за 1,2 млрд рублей. [00:00](https://t.me/zarechye/11)\n"
        "• Театр отремонтируют. [00:02](https://t.me/zarechye/13)\n\n"
        "Реклама, в обзор не вошла: [00:01](https://t.me/zarechye/12)\n"
        "Повторов сведено: 1"
    )
    assert [statement.post_ids for statement in statements_from_json(digest.statements)] == [(11,), (13,)]
    assert [(post.is_ad, post.repeats) for post in posts_from_json(digest.raw_posts)] == [
        (False, None),
        (True, None),
        (False, None),
        (False, 11),
    ]
    counted = (
        digest.post_count,
        digest.ad_count,
        digest.repeat_count,
        digest.dropped_count,
        digest.part_count,
    )
    assert counted == (4, 1, 1, 1, 1)
    assert (digest.provider, digest.model) == ("scripted", "scripted")
    assert len(digest.prompt_hash) == 64
    assert json.loads(digest.feature_flags)["is_merged"] is False
    (asked,) = provider.prompts
    assert asked.purpose is Purpose.DIGEST
    assert [turn.content for turn in asked.turns] == [f"[1] 00:00 {NEWS}", f"[2] 00:02 {OTHER}"]


def test_a_post_cannot_cite_another_one(channel: Channel) -> None:
    store_posts(channel, f"{NEWS} Как уже писали [2].\n- Выдумано в 2026 году, и это не новость. [2]", OTHER)

    digest = write_digest(channel, DAY, chain=chain_of(OfflineProvider()))

    assert [found.post_ids for found in statements_from_json(digest.statements)] == [(1,), (2,)]


def test_posts_of_other_days_and_channels_are_left_out(channel: Channel) -> None:
    store_posts(channel, "вчерашнее", at=MIDNIGHT - timedelta(minutes=1))
    store_posts(channel, "завтрашнее", first=2, at=MIDNIGHT + timedelta(days=1))
    store_posts(ChannelFactory.create(), "чужое")
    store_posts(channel, NEWS, first=3)

    digest, provider = write(channel)

    assert [turn.content for turn in provider.prompts[0].turns] == [f"[1] 00:00 {NEWS}"]
    assert digest.post_count == 1


@pytest.mark.parametrize("texts", [(), (ADVERTISEMENT,)])
def test_a_day_without_news_is_empty_and_asks_nobody(channel: Channel, texts: tuple[str, ...]) -> None:
    store_posts(channel, *texts)

    digest, provider = write(channel)

    assert (digest.status, digest.post_count, provider.prompts) == (DigestStatus.EMPTY, len(texts), [])


def test_a_digest_is_written_once(channel: Channel) -> None:
    store_posts(channel, NEWS, OTHER)
    first, _ = write(channel)

    second, provider = write(channel, "- Другое. [1]")

    assert (second.pk, second.summary, provider.prompts) == (first.pk, first.summary, [])
    assert Digest.objects.count() == 1


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Unavailable("down", provider="scripted"), "unavailable"),
        ("Сожалею, не могу.", "no_statement"),
        ("- The bridge over the Luga is open. [1]", "language"),
    ],
)
def test_a_failure_is_kept_and_mended_by_the_next_attempt(
    channel: Channel, answer: str | LLMError, fault: str
) -> None:
    store_posts(channel, NEWS, OTHER)

    failed, _ = write(channel, answer)
    assert (failed.status, failed.fault, failed.attempts, failed.summary) == (
        DigestStatus.FAILED,
        fault,
        1,
        "",
    )
    assert write(channel, answer)[0].attempts == 2

    mended, _ = write(channel)
    assert (mended.pk, mended.status, mended.fault) == (failed.pk, DigestStatus.WRITTEN, "")


def test_a_long_day_is_written_in_parts_and_merged(channel: Channel, settings: object) -> None:
    settings.PROMPT_BUDGET_TOKENS = 900  # type: ignore[attr-defined]
    texts = [
        f"Новость {number}: {word} " + f"подробность {word} " * 40 for number, word in enumerate("абвгде")
    ]
    store_posts(channel, *texts)
    provider = ScriptedProvider("- Сказано первое. [1]\n- Сказано иное. [2]\n- И третье. [3]")

    digest = write_digest(channel, DAY, chain=chain_of(provider))

    *parts, merge = provider.prompts
    assert digest.status == DigestStatus.WRITTEN
    assert digest.part_count == len(parts) > 1
    assert sum(len(part.turns) for part in parts) == len(texts)
    assert all(turn.content.startswith(f"[{number}] ") for number, turn in enumerate(merge.turns, start=1))
    assert json.loads(digest.feature_flags)["is_merged"] is True
    assert {found.post_ids for found in statements_from_json(digest.statements)} <= {
        (n,) for n in range(1, 7)
    }


def test_a_day_of_any_size_asks_a_bounded_number_of_questions(channel: Channel) -> None:
    draw = random.Random(1)
    texts = ["".join(draw.choices("абвгдежз ", k=600)) for _ in range(MOST_POSTS + 3)]
    ChannelPost.objects.bulk_create(
        ChannelPost(channel_id=channel.channel_id, message_id=number, posted_at=MIDNIGHT, text=text)
        for number, text in enumerate(texts, start=1)
    )
    provider = ScriptedProvider("\n".join(f"- Сказано {number}. [{number}]" for number in range(1, 1_001)))

    digest = write_digest(channel, DAY, chain=chain_of(provider))

    read = posts_from_json(digest.raw_posts)
    assert (digest.post_count, read[0].message_id) == (MOST_POSTS, 4)
    assert sum(len(post.text) for post in read) <= DAY_MAX_CHARS
    assert digest.part_count < len(provider.prompts) < 60
    assert len(statements_from_json(digest.statements)) == MOST_STATEMENTS
    assert digest.summary.endswith("Более ранних постов не прочитано: 3")


def test_statements_that_merging_leaves_too_many_are_chosen_from_all_over_the_day(
    channel: Channel, settings: Any
) -> None:
    settings.PROMPT_BUDGET_TOKENS = 1  # a statement a question: they never become fewer
    store_posts(channel, *(f"Улица {word * 9}: {word * 8} {word * 7}." for word in "абвгдежзиклмнопрст"))

    def repeat(prompt: Prompt) -> str:
        number = prompt.turns[0].content.partition("]")[0].removeprefix("[")
        return f"- Сказано {number}. [{number}]"

    digest = write_digest(channel, DAY, chain=chain_of(ScriptedProvider(repeat)))

    cited = [found.post_ids for found in statements_from_json(digest.statements)]
    assert (len(cited), cited[0], cited[-1] > (15,)) == (MOST_STATEMENTS, (1,), True)


def test_a_post_that_was_made_up_among_real_ones_is_told_without_a_link() -> None:
    day_posts = DayPosts("-1002000000001", DAY, (make_post(NEWS, number=7), make_post(OTHER, number=-8)))

    said = [Statement("Мост открыт.", (7,)), Statement("Театр отремонтируют.", (-8,))]
    summary = render_summary(said, day_posts, username="zarechye", zone="UTC")

    assert summary == ("• Мост открыт. [21:07](https://t.me/zarechye/7)\n• Театр отремонтируют. 20:52")


def test_without_a_model_the_sentences_that_say_most_are_chosen(channel: Channel) -> None:
    store_posts(channel, f"Доброе утро, друзья! {NEWS}", OTHER, "Как вам погода?")

    digest = write_digest(channel, DAY, chain=chain_of(OfflineProvider()))

    assert [found.text for found in statements_from_json(digest.statements)] == [NEWS, OTHER]
    assert digest.provider == "offline"


def test_whose_repost_it_is_is_told_to_the_model_and_not_repeated_by_the_rules(channel: Channel) -> None:
    store_posts(channel, NEWS)
    ChannelPost.objects.update(forwarded_from="Соседи")

    digest = write_digest(channel, DAY, chain=chain_of(OfflineProvider()))

    assert [found.text for found in statements_from_json(digest.statements)] == [NEWS]


def due_days(now: datetime) -> list[tuple[str, str]]:
    return [(due.channel.channel_id, due.day.isoformat()) for due in list_due_days(now)]


def test_days_are_due_when_they_are_over_and_the_channel_was_read_then(channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(switched_at=MIDNIGHT + timedelta(hours=12))
    for state in (ChannelState.FOUND, ChannelState.OFF, ChannelState.LEFT):
        ChannelFactory.create(state=state)

    assert due_days(datetime(2026, 3, 11, 1, 59, tzinfo=UTC)) == []
    assert due_days(datetime(2026, 3, 11, 2, tzinfo=UTC)) == [(channel.channel_id, "2026-03-10")]
    assert due_days(datetime(2026, 3, 12, 2, tzinfo=UTC)) == [
        (channel.channel_id, "2026-03-10"),
        (channel.channel_id, "2026-03-11"),
    ]
    assert len(due_days(datetime(2026, 3, 20, 2, tzinfo=UTC))) == 3
    Channel.objects.filter(pk=channel.pk).update(added_at=datetime(2026, 3, 18, 12, tzinfo=UTC))
    assert [day for _, day in due_days(datetime(2026, 3, 20, 2, tzinfo=UTC))] == ["2026-03-18", "2026-03-19"]


def test_what_is_written_is_due_no_more_and_what_failed_after_a_pause(channel: Channel) -> None:
    store_posts(channel, NEWS)
    Channel.objects.filter(pk=channel.pk).update(switched_at=MIDNIGHT)
    failed, _ = write(channel, Unavailable("down", provider="scripted"))
    now = failed.updated_at
    Digest.objects.filter(pk=failed.pk).update(day=(now - timedelta(days=1)).date().isoformat())
    Channel.objects.filter(pk=channel.pk).update(switched_at=now - timedelta(days=1), time_zone="UTC")
    morning = now.replace(hour=23)
    Digest.objects.filter(pk=failed.pk).update(updated_at=morning)

    assert due_days(morning + timedelta(minutes=4)) == []
    assert len(due_days(morning + timedelta(minutes=6))) == 1
    Digest.objects.filter(pk=failed.pk).update(attempts=MAX_ATTEMPTS, updated_at=morning)
    assert due_days(morning + timedelta(minutes=50)) == []
