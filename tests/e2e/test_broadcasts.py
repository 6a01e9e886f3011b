"""A broadcast through the whole stack, at a pace at which something can come in between."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import pytest
from bson import ObjectId

from botgateway.delivery.splitting import render_parts
from botgateway.domain.broadcasts import LANES
from tests.harness.broadcasting import begin, build_person, wait_until_over
from tests.harness.llm_wire import default_answer
from tests.harness.processes import wait_until
from tests.harness.shared_stack import QUICK, new_chat_id
from tests.harness.stack import Stack

PEOPLE = 60  # three and a half seconds, in which something can come in between
RATE_PER_S = 20
SETTINGS = QUICK | {"TELEGRAM_RATE_PER_S": str(RATE_PER_S), "TELEGRAM_CHAT_RATE_PER_S": "1"}
# After a process has come to a halt for a moment, a few calls come at once: each lane's, an answer's, and the next.
STRICT = {"enabled": True, "overall_rate": RATE_PER_S, "overall_burst": 15, "chat_rate": 1, "chat_burst": 5}
FEW = 5


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("broadcasts"), **SETTINGS) as stack:
        stack.telegram.post("limits", STRICT)
        yield stack


@pytest.fixture(scope="module")
def people(stack: Stack) -> list[int]:
    """People who have access and whom the bot may write to."""
    chats = [new_chat_id() for _ in range(PEOPLE)]
    for chat in chats:
        stack.telegram.block(chat, is_blocked=False)
    stack.database().people.insert_many(build_person(chat) for chat in chats)
    return chats


@pytest.fixture(autouse=True)
def _orders(stack: Stack) -> Iterator[None]:
    yield
    stack.forget_orders()


def count_copies(stack: Stack, people: list[int], text: str) -> dict[int, int]:
    return {chat: stack.telegram.answers(chat).count(text) for chat in people}


def wait_for_copies(stack: Stack, broadcast: ObjectId) -> None:
    """Wait for the first copies, and ask for no chat: that would take longer than the broadcast on a slow machine."""
    sent = {"broadcast_id": str(broadcast), "status": "sent"}
    wait_until(lambda: stack.database().notices.count_documents(sent) >= FEW, what="the first copies")


def count_messages(stack: Stack, outcome: str) -> int:
    """Return how many copies the worker has counted since it was started."""
    begin_of_line = f'broadcast_messages_total{{outcome="{outcome}"}} '
    lines = stack.read_metrics("worker").splitlines()
    return sum(
        int(float(line.removeprefix(begin_of_line))) for line in lines if line.startswith(begin_of_line)
    )


def find_middle(people: list[int], lane: int) -> int:
    """Return whose copy is neither among the first nor among the last of a lane, in whatever order it is sent."""
    theirs = [chat for chat in people if crc32(str(chat).encode()) % LANES == lane]
    return theirs[len(theirs) // 2]


@pytest.fixture
def blocked(stack: Stack, people: list[int]) -> Iterator[int]:
    """Somebody who has lost access."""
    states = stack.database().people
    states.update_one({"user_id": str(people[7])}, {"$set": {"access_state": "blocked"}})
    yield people[7]
    states.update_one({"user_id": str(people[7])}, {"$set": {"access_state": "approved"}})


@pytest.fixture
def left(stack: Stack, people: list[int]) -> Iterator[list[int]]:
    """Those who have blocked the bot."""
    for chat in people[8:10]:
        stack.telegram.block(chat)
    yield people[8:10]
    for chat in people[8:10]:
        stack.telegram.block(chat, is_blocked=False)


def test_everybody_gets_it_once_but_who_left_and_answers_go_before_it(
    stack: Stack, people: list[int], blocked: int, left: list[int]
) -> None:
    telegram, text, shown = stack.telegram, "Дом *закрыт* в среду", "Дом закрыт в среду"
    put_off = stack.worker.output.count("answer put off")
    counted = {outcome: count_messages(stack, outcome) for outcome in ("sent", "failed")}
    broadcast = begin(stack, text)

    wait_for_copies(stack, broadcast)
    for _ in range(3):
        telegram.write(people[-1], "/ping")
    told = wait_until_over(stack, broadcast)
    stack.wait_until_settled()

    sent = telegram.calls(method="sendMessage")
    pings = telegram.calls(method="sendMessage", chat_id=people[-1])
    assert [call["parameters"]["text"] for call in pings[-4:]].count("Bot ready") == 3
    last_of = {call["parameters"]["text"]: call["received_at"] for call in sent}
    (copy,) = render_parts(text)
    assert last_of["Bot ready"] < last_of[copy.html], "the answers waited for the broadcast"
    assert stack.worker.output.count("answer put off") == put_off
    assert told == {"status": "done", "filed": PEOPLE - 1, "sent": PEOPLE - 3, "failed": 2, "left_out": 0}
    expected = {chat: int(chat not in (blocked, *left)) for chat in people}
    assert count_copies(stack, people, shown) == expected
    assert [call for call in telegram.calls(method="sendMessage") if call["status"] == 429] == []
    for outcome, expected_more in (("sent", PEOPLE - 3), ("failed", 2)):
        total = counted[outcome] + expected_more
        wait_until(lambda: count_messages(stack, outcome) == total, what=f"{total} {outcome}")  # noqa: B023


def test_one_that_is_cancelled_reaches_nobody_more(stack: Stack, people: list[int]) -> None:
    text = "Отменяется"
    broadcast = begin(stack, text)
    wait_for_copies(stack, broadcast)

    stack.database().broadcasts.update_one({"_id": broadcast}, {"$set": {"status": "cancelled"}})
    told = wait_until_over(stack, broadcast)

    sent = sum(count_copies(stack, people, text).values())
    assert told["status"] == "cancelled"
    assert (told["sent"], told["sent"] + told["left_out"]) == (sent, PEOPLE)
    assert FEW <= sent < PEOPLE


def test_a_worker_killed_in_the_middle_doubles_nothing_and_leaves_nobody_out(
    stack: Stack, people: list[int]
) -> None:
    text = "Переживёт и это"
    taken = [find_middle(people, lane) for lane in (0, 1)]  # by Telegram without the bot learning it
    for chat in taken:
        stack.telegram.order_fault(kind="accept_then_hang", method="sendMessage", chat_id=chat, seconds=60)
    broadcast = begin(stack, text)
    wait_until(lambda: all(count_copies(stack, taken, text).values()), what="the copies of unknown fate")

    stack.worker.kill()
    for lane in range(LANES):
        stack.broker().set(f"broadcast-call:{lane}", 1, ex=600)  # what it held of calls never arrives
    before = sum(count_copies(stack, people, text).values())
    stack.worker.start()
    told = wait_until_over(stack, broadcast)

    assert before < PEOPLE
    assert told == {"status": "done", "filed": PEOPLE, "sent": PEOPLE, "failed": 0, "left_out": 0}
    assert count_copies(stack, people, text) == dict.fromkeys(people, 1)
    found = stack.worker.recent_output.count("answer found where an earlier attempt had sent it")
    assert found >= len(taken)  # the other lanes may have been in the middle of a copy as well


def test_who_writes_while_a_copy_is_on_its_way_is_answered_after_it(stack: Stack, people: list[int]) -> None:
    text, chat = "Между делом", people[0]
    stack.telegram.order_fault(kind="delay", method="sendMessage", chat_id=chat, seconds=4)
    known = len(stack.telegram.answers(chat))

    broadcast = begin(stack, text)
    wait_until(lambda: stack.broker().exists(f"turn:{chat}"), what="the copy on its way")
    stack.telegram.write(chat, "Слышно?")
    answers = stack.telegram.wait_for_whole_answers(chat, known + 2)

    assert answers[known:] == [text, default_answer("Слышно?", words=0)]
    assert wait_until_over(stack, broadcast)["sent"] == PEOPLE
