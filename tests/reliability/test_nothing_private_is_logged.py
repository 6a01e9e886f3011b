"""No word of a person, no name of a file, no password, token or key is in any log of any process, at any level.

A stack of its own writes everything (LOG_LEVEL=DEBUG) while all that is private holds canaries, and all that can go
wrong with it goes wrong. The same run shows that every process writes JSON, and that Loki gets every line, once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.harness.careless import FATAL
from tests.harness.guarded_stack import buttons, hash_quickly
from tests.harness.loki import LokiStandIn
from tests.harness.processes import PATIENCE_S, Child
from tests.harness.shared_stack import QUICK
from tests.harness.stack import TOKEN, Stack
from tests.harness.telegram import SandboxClient

ADMIN, PERSON, UNLUCKY, BROKEN = 7_001, 7_002, 7_003, 7_004
PASSWORD = "пароль-канарейка-Ωж"
WRONG_PASSWORD = "догадка-канарейка-Ωж"
KEYS = {
    "LLM_API_KEY": "sk-canary-4f1e9b77",
    "MISTRAL_API_KEY": "mistral-canary-4f1e9b77",
    "SECRET_KEY": "secret-canary-" + "4f1e9b77" * 6,
    "WEBHOOK_SECRET": "webhook-canary-4f1e9b77",
}
LOKI_PASSWORD = "loki-canary-4f1e9b77"
CANARY = "канарейка"
FIELDS = {"event", "level", "logger", "timestamp"}


def canary(where: str) -> str:
    """Return a text that is looked for in the logs, and tells where it came from."""
    return f"{CANARY}-{where}-Ωж"


@dataclass(frozen=True)
class House:
    """What ran, when it has ended."""

    stack: Stack
    loki: LokiStandIn

    @property
    def children(self) -> tuple[Child, ...]:
        return (self.stack.web, self.stack.worker, self.stack.bot, self.stack.beat)

    def read_lines(self, child: Child) -> list[str]:
        return [line for line in child.output.splitlines() if line.startswith("{")]

    def read_all(self) -> str:
        """Return everything that anybody has written anywhere: processes, embedded servers, the sandbox, Loki."""
        logs = "".join(path.read_text(errors="replace") for path in self.stack.directory.rglob("*.log*"))
        assert all(child.output in logs for child in self.children)
        return logs + "".join(body.decode() for body in self.loki.bodies)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house in which everything private has happened; by now it is closed and all its lines are written."""
    with LokiStandIn(user="butler", password=LOKI_PASSWORD) as loki:
        settings = {
            **QUICK,
            **KEYS,
            "LOG_LEVEL": "DEBUG",
            "LOKI_URL": loki.url,
            "SPEECH_TRANSCRIBER": "tests.harness.careless.build_transcriber",
            "ADMIN_CHAT_ID": str(ADMIN),
            "ADMIN_PASSWORD_HASH": hash_quickly(PASSWORD),
            "MISTRAL_API_URL": "http://127.0.0.1:1",
            "LLM_FALLBACK": "mistral:tiny",
            "MEMORY_CAP": "6",
            "MEMORY_KEEP_LAST": "2",
        }
        stack = Stack(tmp_path_factory.mktemp("private"), is_measured=False, **settings)
        with stack:
            live(stack)
        yield House(stack, loki)


def live(stack: Stack) -> None:
    """Do everything that people, staff and strangers can do with something private."""
    telegram = stack.telegram
    converse(stack)
    administer(telegram)
    send_files_and_recordings(telegram)
    let_the_model_fail(stack)
    let_telegram_fail(stack)
    let_handlers_crash(stack)
    knock_at_the_web(stack)
    stack.wait_until_settled(timeout_s=60)
    take_leave(telegram)
    stack.wait_until_settled(timeout_s=60)


def converse(stack: Stack) -> None:
    telegram = stack.telegram
    assert stack.model is not None
    stack.model.script({"kind": "answer", "match": canary("вопрос"), "text": canary("ответ")})
    sender = {"id": PERSON, "is_bot": False, "first_name": canary("имя"), "username": "canary_username"}
    asked = telegram.write(PERSON, canary("вопрос"), from_=sender)
    telegram.wait_for_answers(PERSON, 1)
    telegram.edit(PERSON, asked["message_id"], canary("правка"))
    stack.wait_until_settled()
    for number in range(4):  # so that memory is compressed
        telegram.ask(PERSON, canary(f"слово-{number}"))
    telegram.ask(PERSON, "Поясните", reply_to_message_id=asked["message_id"], quote=CANARY)
    for command in ("persona", "language", "model", "unknown"):
        telegram.ask(PERSON, f"/{command} {canary(command)}")
    telegram.ask(PERSON, "/memory")
    telegram.ask(PERSON, "/retry")


def administer(telegram: SandboxClient) -> None:
    telegram.ask(ADMIN, f"/admin login {WRONG_PASSWORD}")
    telegram.ask(ADMIN, f"/admin login {PASSWORD}")
    for command in ("stats", "users", f"approve {canary('id')}", canary("команда")):
        telegram.ask(ADMIN, f"/admin {command}")


def send_files_and_recordings(telegram: SandboxClient) -> None:
    text = {"name": f"{canary('название')}.txt", "mime_type": "text/plain", "caption": canary("подпись")}
    telegram.upload(PERSON, kind="document", content=canary("содержание").encode(), **text)
    broken = {"name": f"{canary('битое')}.pdf", "mime_type": "application/pdf", "caption": canary("подпись")}
    telegram.upload(PERSON, kind="document", content=b"%PDF-1.4 " + canary("внутри").encode(), **broken)
    table = {"name": f"{canary('таблица')}.xlsx", "mime_type": "", "caption": ""}
    telegram.upload(PERSON, kind="document", content=canary("лист").encode(), **table)
    telegram.upload(PERSON, kind="photo", content=canary("снимок").encode(), caption=canary("подпись"))
    telegram.upload(PERSON, kind="voice", content=canary("голос").encode())


def let_the_model_fail(stack: Stack) -> None:
    assert stack.model is not None
    echo = f"{canary('эхо')} with key {KEYS['LLM_API_KEY']}"
    failures: list[dict[str, Any]] = [
        {"kind": "status", "status": 400, "message": echo},
        {"kind": "status", "status": 401, "message": echo},
        {"kind": "status", "status": 500, "message": echo},
        {"kind": "status", "status": 400, "body": echo},
        {"kind": "cut_stream", "text": canary("обрыв") * 3},
        {"kind": "error_event", "text": canary("обрыв") * 3, "message": echo},
        {"kind": "malformed_json", "text": canary("обрыв") * 3},
        {"kind": "html"},
        {"kind": "refusal"},
    ]
    for number, failure in enumerate(failures):
        question = canary(f"сбой-{number}")
        stack.model.script({**failure, "match": question})
        stack.telegram.ask(PERSON, question)


def let_telegram_fail(stack: Stack) -> None:
    telegram = stack.telegram
    description = f"Bad Request: {canary('телеграм')}"
    for number, fault in enumerate(
        (
            {"kind": "error", "status": 400, "description": description, "times": 3},
            {"kind": "error", "status": 500, "description": description, "times": 2},
            {"kind": "drop", "times": 3},
        )
    ):
        telegram.order_fault(method="sendMessage", chat_id=PERSON, **fault)
        telegram.write(PERSON, canary(f"недоставлено-{number}"))
        stack.wait_until_settled(timeout_s=60)
        telegram.forget_faults()


def let_handlers_crash(stack: Stack) -> None:
    """Two ways: what prepares a message, and what answers it, meets an exception that quotes the person."""
    telegram, database = stack.telegram, stack.database()
    telegram.upload(UNLUCKY, kind="voice", content=f"{FATAL} {canary('предсмертное')}".encode())
    telegram.ask(BROKEN, canary("начало"))
    stack.wait_until_settled()
    database.user_profiles.update_one({"user_id": str(BROKEN)}, {"$set": {"created_at": canary("дата")}})
    database.user_memory.update_many({"user_id": str(BROKEN)}, {"$set": {"source": [canary("источник")]}})
    telegram.write(BROKEN, canary("падение"))
    stack.wait_until_settled(timeout_s=60)


def knock_at_the_web(stack: Stack) -> None:
    stack.post_update(canary("не JSON").encode(), secret=KEYS["WEBHOOK_SECRET"])
    stack.post_update(json.dumps({"update_id": canary("номер")}).encode(), secret=KEYS["WEBHOOK_SECRET"])
    stack.post_update(b"{}", secret="guess-canary-4f1e9b77")
    session = requests.Session()
    url = f"{stack.web_url}/admin/login/"
    page = session.get(url, params={"next": f"/admin/?q={canary('поиск')}"}, timeout=PATIENCE_S)
    token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    form = {"csrfmiddlewaretoken": token, "username": canary("логин"), "password": WRONG_PASSWORD}
    session.post(url, data=form, headers={"Referer": url}, timeout=PATIENCE_S)
    session.post(url, data={**form, "csrfmiddlewaretoken": canary("csrf")}, timeout=PATIENCE_S)
    for path in ("/nowhere/", "/admin/botgateway/person/"):
        session.get(f"{stack.web_url}{path}", params={"q": canary("поиск")}, timeout=PATIENCE_S)
    session.get(stack.web_url, headers={"Host": "elsewhere.example"}, timeout=PATIENCE_S)


def take_leave(telegram: SandboxClient) -> None:
    telegram.ask(PERSON, "/export")
    telegram.ask(PERSON, "/forget_me")
    last = telegram.messages(PERSON)[-1]
    yes = next(iter(buttons(telegram, PERSON, last["message_id"]).values()))
    telegram.press(PERSON, last["message_id"], yes)


def test_what_was_to_go_wrong_went_wrong(house: House) -> None:
    """Else the other tests would show nothing."""
    lines = [json.loads(line) for line in house.read_lines(house.stack.worker)]

    events = Counter(line["event"] for line in lines)
    assert events.keys() >= {
        "memory compressed",
        "reply failed",
        "preparation failed",
        "answer failed",
        "person forgotten",
    }
    kinds = {line["exception"].splitlines()[-1] for line in lines if "exception" in line}
    assert "ValueError" in kinds
    assert {line["kind"] for line in lines if line["event"] == "python warning"} >= {"UserWarning"}
    heard = {line["event"].partition(" (")[0] for line in lines if line["logger"] == "careless.library"}
    assert heard == {"heard …", "…"}


def test_no_log_of_any_process_holds_anything_private(house: House) -> None:
    logs = house.read_all()
    unescaped = logs.encode().decode("unicode_escape", errors="replace")
    private = [CANARY, "Ωж", "canary", PASSWORD, WRONG_PASSWORD, TOKEN, FATAL]

    found = {word: sample(logs, word) for word in private if word in logs or word in unescaped}
    assert found == {}


def sample(logs: str, word: str) -> list[str]:
    return [line[:600] for line in logs.splitlines() if word in line][:3]


def test_every_line_of_every_process_is_json_with_the_usual_fields(house: House) -> None:
    for child in house.children:
        plain = [line for line in child.output.splitlines() if not line.startswith("{")]
        assert [line for line in plain if "Traceback" in line or "Error" in line] == []
        lines = [json.loads(line) for line in house.read_lines(child)]
        assert [line for line in lines if not line.keys() >= FIELDS] == []


def test_loki_has_every_line_once(house: House) -> None:
    assert house.loki.complaints == []
    shipped = Counter((line.labels["process"], line.text) for line in house.loki.lines)

    for name, child in zip(("web", "worker", "bot", "beat"), house.children, strict=True):
        written = Counter((name, line) for line in house.read_lines(child))
        assert written - shipped == Counter()
    assert max(shipped.values()) == 1
    assert {line.labels["level"] for line in house.loki.lines} >= {"info", "warning", "error"}
