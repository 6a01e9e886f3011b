"""A person forgotten by the gateway: the words and names go, numbers stay where they have to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.utils import timezone

from botgateway.domain import inbox, limits
from botgateway.domain.erasure import forget_person
from botgateway.domain.notices import file_notice
from botgateway.domain.strangers import Utterance, is_heard
from botgateway.domain.turns import Turn, ask_to_stop
from botgateway.domain.updates import ButtonPress, read_incoming
from botgateway.models import AccessDecision, InboxUpdate, Notice, Person
from digests.models import Subscription
from redis_connection import redis_client
from tests.botgateway.test_updates import build_update

pytestmark = pytest.mark.django_db

CANARY = "канарейка"
WHO = "424242"  # nobody else's, as Redis is not emptied between tests
CHAT = {"id": int(WHO), "type": "private"}
SENDER = {"id": int(WHO), "is_bot": False, "first_name": CANARY, "username": CANARY, "language_code": "ru"}


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.RATE_LIMIT_PER_MINUTE, settings.DAILY_TOKEN_BUDGET = 1, 1_000
    settings.ADMIN_CHAT_IDS = [7]


def accept(update_id: int, update: dict[str, Any]) -> InboxUpdate:
    inbox.accept_update({**update, "update_id": update_id}, payload=json.dumps(update, ensure_ascii=False))
    return InboxUpdate.objects.get(update_id=update_id)


def answer(update: InboxUpdate) -> None:
    inbox.keep_undelivered(update, CANARY)
    inbox.mark_answered(update, [update.update_id + 1])


def build_press(chat_id: int, sender: dict[str, Any], text: str) -> dict[str, Any]:
    message = {
        "message_id": 9,
        "chat": {"id": chat_id, "type": "private", "first_name": CANARY},
        "text": text,
    }
    query = {"id": "5", "from": sender, "message": message, "data": "forget:yes:ru"}
    return {"update_id": 0, "callback_query": query}


def list_keys(number: str) -> set[str]:
    return {key for key in redis_client().scan_iter() if key.endswith(f":{number}")}


def find_canaries() -> list[str]:
    database = connection.database  # type: ignore[attr-defined]
    return [
        name
        for name in database.list_collection_names()
        for document in database[name].find()
        if CANARY in str(document)
    ]


def settle() -> InboxUpdate:
    """Let the canary be everywhere that the gateway puts names and words; return the request to be forgotten."""
    person = Person.objects.create(user_id=WHO, chat_id=WHO, first_name=CANARY, username=CANARY)
    AccessDecision.objects.create(
        user_id=WHO, before="pending", after="approved", decided_by="telegram:7", via="button"
    )
    LogEntry.objects.create(
        user=User.objects.create(username="staff"),
        content_type=ContentType.objects.get_for_model(Person),
        object_id=str(person.pk),
        object_repr=str(person),
        action_flag=CHANGE,
        change_message="[]",
        action_time=timezone.now(),
    )
    Subscription.objects.create(user_id=WHO, channel_id="-1002", hour=9, time_zone="Europe/Moscow")
    file_notice(key=f"request:{WHO}", chat_id="7", text=f"{CANARY} просит", about_user_id=WHO)
    answer(accept(1, build_update(text=CANARY, **{"from": SENDER}, chat=CHAT)))
    answer(accept(2, build_press(7, {"id": 7, "is_bot": False}, f"{CANARY} ({WHO}) просит")))
    limits.admit(WHO, question_key="a")
    limits.admit(WHO, question_key="b")
    limits.spend_tokens(WHO, 2_000)
    limits.admit(WHO, question_key="c")
    for utterance in Utterance:
        is_heard(WHO, utterance, key="a")
    ask_to_stop(WHO)
    request = accept(3, build_press(int(WHO), SENDER, "Забыть Вас?"))
    Turn(WHO).begin_attempt(str(request.pk))
    return request


@pytest.mark.parametrize("times", [1, 2])
def test_no_name_and_no_word_is_left_and_a_repeat_does_no_harm(times: int) -> None:
    request = settle()
    assert len(find_canaries()) == 6

    for _ in range(times):
        forget_person(WHO, chat_id=WHO, request=request, wait=lambda _seconds: None)

    assert find_canaries() == []
    assert Notice.objects.count() == Subscription.objects.count() == 0
    assert Person.objects.get(user_id=WHO).access_state == "pending"
    assert AccessDecision.objects.filter(user_id=WHO).count() == 1
    kept = list_keys(WHO)
    assert {key.split(":")[1] for key in kept if key.startswith("limit:")} == {"tokens"}
    assert {key for key in kept if not key.startswith("limit:")} == {f"turn-attempt:{WHO}"}
    assert 0 < int(redis_client().ttl(f"turn-attempt:{WHO}")) <= 600


def test_the_request_can_still_be_answered() -> None:
    request = settle()

    forget_person(WHO, chat_id=WHO, request=request, wait=lambda _seconds: None)

    press = read_incoming(json.loads(InboxUpdate.objects.get(pk=request.pk).payload))
    assert isinstance(press, ButtonPress)
    assert (press.user_id, press.chat_id, press.message_id, press.query_id, press.data) == (
        WHO,
        int(WHO),
        9,
        "5",
        "forget:yes:ru",
    )
    assert press.is_private


def test_what_is_said_afterwards_and_by_others_stays() -> None:
    request = settle()
    afterwards = accept(4, build_update(text="Начнём сначала", **{"from": SENDER}, chat=CHAT))
    of_another = build_update(text="чужое")
    of_another["message"]["from"]["id"] = of_another["message"]["chat"]["id"] = 43
    others = accept(5, of_another)
    InboxUpdate.objects.filter(pk=others.pk).update(received_at=request.received_at)
    file_notice(key="request:43", chat_id="7", text="просит другой", about_user_id="43")

    forget_person(WHO, chat_id=WHO, request=request, wait=lambda _seconds: None)

    kept = InboxUpdate.objects.filter(pk__in=[afterwards.pk, others.pk]).exclude(payload="")
    assert kept.count() == 2
    assert Notice.objects.get().about_user_id == "43"


def test_who_forgets_themselves_as_admin_leaves_no_name_in_what_they_decided() -> None:
    request = settle()
    AccessDecision.objects.create(
        user_id="43", before="pending", after="approved", decided_by=f"telegram:{WHO}", via="button"
    )
    file_notice(key="request:43", chat_id="7", text=f"решил {CANARY}", about_user_id="43")
    Notice.objects.filter(key="request:43").update(status="sent")

    forget_person(WHO, chat_id=WHO, request=request, wait=lambda _seconds: None)

    assert find_canaries() == []
