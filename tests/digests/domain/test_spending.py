"""What a digest has cost, and what was paid for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from digests.domain.spending import Spending
from digests.domain.writing import note_crash, write_digest
from digests.models import Channel, Digest
from llm.errors import Unavailable
from llm.prompt import Prompt
from llm.providers.base import CallOptions, Completion, Usage
from tests.factories.digests import DAY, ChannelFactory, store_posts
from tests.harness.providers import ScriptedProvider, chain_of

pytestmark = pytest.mark.django_db

NEWS = ("В Заречье открыли мост через Лугу.", "Мэрия объявила конкурс на ремонт театра.")
ANSWER = "- Открыт мост через Лугу. [1]\n- Театр отремонтируют. [2]"


class PaidProvider(ScriptedProvider):
    """Takes 100 tokens for a question and 7 for an answer."""

    def _complete(self, prompt: Prompt, options: CallOptions) -> Completion:
        return replace(super()._complete(prompt, options), usage=Usage(100, 7, is_estimated=False))


@pytest.fixture
def channel() -> Channel:
    return ChannelFactory.create()


def tokens_of(digest: Digest) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the tokens that a digest took, in and out, and those that were spent in vain."""
    own = digest.prompt_tokens, digest.completion_tokens
    return own, (digest.vain_prompt_tokens, digest.vain_completion_tokens)


def test_tokens_of_attempts_in_vain_are_kept_and_counted_once(channel: Channel) -> None:
    store_posts(channel, *NEWS)
    chain = chain_of(PaidProvider("Сожалею, не могу.", "- The bridge is open. [1]", ANSWER))

    found = [tokens_of(write_digest(channel, DAY, chain=chain)) for _ in range(4)]

    assert found == [
        ((0, 0), (100, 7)),
        ((0, 0), (200, 14)),
        ((100, 7), (200, 14)),
        ((100, 7), (200, 14)),  # it was written already
    ]
    note_crash(channel, DAY, spending=Spending(500, 5))
    assert tokens_of(Digest.objects.get()) == found[-1]


def test_what_was_spent_before_a_part_failed_or_the_code_is_kept(channel: Channel, settings: Any) -> None:
    settings.PROMPT_BUDGET_TOKENS = 1  # a post a question
    store_posts(channel, *NEWS)
    provider = PaidProvider("- Открыт мост. [1]", Unavailable("down", provider="scripted"))

    failed = write_digest(channel, DAY, chain=chain_of(provider))

    assert (failed.fault, tokens_of(failed)) == ("unavailable", ((0, 0), (100, 7)))
    note_crash(channel, DAY, spending=Spending(50, 3))
    crashed = Digest.objects.get()
    assert (crashed.fault, crashed.attempts, tokens_of(crashed)) == ("crashed", 2, ((0, 0), (150, 10)))
