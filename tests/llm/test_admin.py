from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from llm.admin_texts import OUTCOMES
from llm.errors import LLMError
from llm.metrics import OUTCOME_CRASHED, OUTCOME_OK, OUTCOME_STOPPED
from llm.models import CatalogueModel, Exchange, ProviderState

pytestmark = pytest.mark.django_db

ROOT = "/admin/llm"


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss", password="x"))
    return client


def read(staff: Client, model: str, **query: str) -> str:
    response = staff.get(f"{ROOT}/{model}/", query)
    assert response.status_code == 200
    return response.content.decode()


def test_models_are_listed_searched_and_filtered(staff: Client) -> None:
    CatalogueModel.objects.create(provider="here", model_id="qwen-7b")
    CatalogueModel.objects.create(provider="there", model_id="llama-8b", vanished_at=timezone.now())

    every, searched = read(staff, "cataloguemodel"), read(staff, "cataloguemodel", q="qwen")
    present = read(staff, "cataloguemodel", vanished_at__isempty="1")
    recent = read(staff, "cataloguemodel", first_seen_at__gte="2100-01-01 00:00:00+00:00")

    assert [("qwen-7b" in page, "llama-8b" in page) for page in (every, searched, present, recent)] == [
        (True, True),
        (True, False),
        (True, False),
        (False, False),
    ]


def test_exchanges_are_listed_searched_and_filtered(staff: Client) -> None:
    Exchange.objects.create(user_id="42", provider="here", model="qwen-7b", purpose="reply", outcome="ok")
    Exchange.objects.create(
        provider="here", model="llama-8b", purpose="summary", outcome="timed_out", duration_s=60.023934458
    )

    searched = read(staff, "exchange", q="42")
    filtered = read(staff, "exchange", outcome="timed_out", o="10")

    assert ("qwen-7b" in searched, "llama-8b" in searched) == (True, False)
    assert ("llama-8b" in filtered, "qwen-7b</td>" in filtered) == (True, False)
    assert ">60.02<" in filtered
    assert "ответ не пришёл вовремя</td>" in filtered


def test_what_is_rare_is_looked_for_among_the_latest_exchanges(staff: Client) -> None:
    long_ago = timezone.now() - timedelta(days=8)
    Exchange.objects.create(
        provider="here", model="old-7b", purpose="reply", outcome="ok", created_at=long_ago
    )
    ProviderState.objects.create(provider="here")

    assert "old-7b" in read(staff, "exchange")
    assert "old-7b" not in read(staff, "exchange", outcome="ok")
    assert "?provider=here" in read(staff, "exchange")


def test_every_end_of_a_call_has_words() -> None:
    kinds = [LLMError]
    for kind in kinds:
        kinds += kind.__subclasses__()

    codes = {OUTCOME_OK, OUTCOME_STOPPED, OUTCOME_CRASHED, *(kind.outcome for kind in kinds)}

    assert codes == set(OUTCOMES)


def test_failures_of_providers_are_told_in_words_and_filtered_by_their_codes(staff: Client) -> None:
    ProviderState.objects.create(provider="here")
    ProviderState.objects.create(provider="there", failure="quota_exhausted")
    ProviderState.objects.create(provider="beyond", failure="of an older version")

    every, filtered = read(staff, "providerstate"), read(staff, "providerstate", failure="quota_exhausted")
    english = staff.get(f"{ROOT}/providerstate/", headers={"Accept-Language": "en"}).content.decode()

    assert 'href="?failure=quota_exhausted"' in every
    assert ">исчерпана квота у провайдера</td>" in every
    assert ">of an older version</td>" in every
    assert [f">{name}</a>" in filtered for name in ("here", "there", "beyond")] == [False, True, False]
    assert "the provider&#x27;s quota is used up</td>" in english


def test_nothing_is_added_changed_or_deleted_by_hand(staff: Client) -> None:
    state = ProviderState.objects.create(provider="here", failure="unavailable")
    page = f"{ROOT}/providerstate/{state.pk}"

    assert "провайдер недоступен" in staff.get(f"{page}/change/").content.decode()
    refused = [
        staff.post(f"{page}/change/", {"provider": "there"}),
        staff.post(f"{page}/delete/"),
        staff.get(f"{ROOT}/providerstate/add/"),
    ]
    assert [response.status_code for response in refused] == [403] * 3
    assert ProviderState.objects.get().provider == "here"
