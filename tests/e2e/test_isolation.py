"""B-10: nothing of one person is ever in another's prompt, reply, export, file or page of the admin.

People talk at the same time, in random order, of canaries that only they know. The model repeats every canary that is
anywhere in its prompt, so a leak into a prompt would also be one into the reply, the memory and the next summary.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import count

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from llm.prompt import TRANSCRIPT_OPEN
from tests.harness.processes import PATIENCE_S, wait_until
from tests.harness.shared_stack import QUICK
from tests.harness.stack import Stack

PEOPLE = 3
STEPS = 36
CANARY = r"канарейка-\d+-\d+"
PASSWORD = "correct horse battery staple"

_user_ids = count(5_000)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A house with a memory so short that it is compressed all the time."""
    quick = {**QUICK, "MEMORY_CAP": "6", "MEMORY_KEEP_LAST": "2"}
    with Stack(tmp_path_factory.mktemp("isolation"), is_measured=False, **quick) as started:
        assert started.model
        started.model.script(
            {"kind": "echo", "pattern": CANARY, "text": "Записано со слов собеседника:", "times": 0}
        )
        started.manage(
            "createsuperuser",
            "--noinput",
            "--username",
            "staff",
            "--email",
            "",
            DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        )
        yield started


class Talker:
    """One person with their own canaries."""

    def __init__(self, stack: Stack, user_id: int) -> None:
        self.user_id = user_id
        self._telegram = stack.telegram
        self._numbers = count(1)

    def act(self, action: str) -> None:
        getattr(self, f"_{action}")()

    def _canary(self) -> str:
        return f"канарейка-{self.user_id}-{next(self._numbers)}"

    def _write(self) -> None:
        self._telegram.write(self.user_id, f"Моя тайна: {self._canary()}")

    def _speak(self) -> None:
        self._telegram.upload(self.user_id, kind="voice", content=f"Голосом: {self._canary()}".encode())

    def _send_file(self) -> None:
        content = f"Договор аренды. Срок договора и тайна: {self._canary()}.".encode()
        self._telegram.upload(
            self.user_id,
            kind="document",
            content=content,
            name="договор.txt",
            mime_type="text/plain",
            caption="Прочтите",
        )

    def _ask_about_files(self) -> None:
        self._telegram.write(self.user_id, "Что в договоре аренды о сроке?")

    def _quote(self) -> None:
        messages = self._telegram.messages(self.user_id)
        if messages:
            self._telegram.write(self.user_id, "Поясните", reply_to_message_id=messages[-1]["message_id"])

    def _choose_persona(self) -> None:
        self._telegram.write(self.user_id, f"/persona хранитель {self._canary()}")

    def _retry(self) -> None:
        self._telegram.write(self.user_id, "/retry")

    def _look_at_memory(self) -> None:
        self._telegram.write(self.user_id, "/memory")

    def _export(self) -> None:
        self._telegram.write(self.user_id, "/export")


ACTIONS = sorted(name.removeprefix("_") for name in vars(Talker) if re.fullmatch(r"_[a-z][a-z_]+", name))
ACTIONS.remove("canary")


def owners(text: str) -> set[int]:
    """Whose canaries are in a text."""
    return {int(user_id) for user_id in re.findall(r"канарейка-(\d+)-\d+", text)}


@given(seed=st.integers(1, 2**32))
@settings(
    max_examples=3,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # a leak is to be reported at once; every example costs seconds
    suppress_health_check=list(HealthCheck),
)
def test_nobody_ever_sees_anything_of_another(stack: Stack, seed: int) -> None:
    chance = random.Random(seed)
    assert stack.model
    people = [Talker(stack, next(_user_ids)) for _ in range(PEOPLE)]
    for person in people:  # so that everybody has something to lose
        person.act("write")
        person.act("send_file")

    for _ in range(STEPS):
        chance.choice(people).act(chance.choice(ACTIONS))
    for person in people:
        person.act("export")
    stack.wait_until_settled(timeout_s=180)
    wait_until(lambda: any(TRANSCRIPT_OPEN in prompt for prompt in read_prompts(stack)), what="a compression")

    prompts = read_prompts(stack)
    assert [prompt for prompt in prompts if len(owners(prompt)) > 1] == []
    admin = log_in(stack)
    for person in people:
        chat = stack.telegram.messages(person.user_id, with_deleted=True)
        assert owners(str(chat)) == {person.user_id}
        documents = [
            message["attachment"] for message in chat if message["from_bot"] and message["attachment"]
        ]
        exports = [stack.telegram.download(document["file_id"]).decode() for document in documents]
        assert [owners(export) for export in exports] == [{person.user_id}] * len(exports)
        assert exports
        assert owners(read_admin_page(stack, admin, person.user_id)) <= {person.user_id}


def read_prompts(stack: Stack) -> list[str]:
    assert stack.model
    return [str(request["messages"]) for request in stack.model.requests()]


def log_in(stack: Stack) -> requests.Session:
    session = requests.Session()
    url = f"{stack.web_url}/admin/login/"
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', session.get(url, timeout=PATIENCE_S).text)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "username": "staff", "password": PASSWORD, "next": "/admin/"}
    session.post(url, data=form, headers={"Referer": url}, timeout=PATIENCE_S).raise_for_status()
    return session


def read_admin_page(stack: Stack, admin: requests.Session, user_id: int) -> str:
    """What staff sees of one person: the profile's page."""
    profile = stack.database().user_profiles.find_one({"user_id": str(user_id)})
    assert profile
    response = admin.get(
        f"{stack.web_url}/admin/personalization/userprofile/{profile['_id']}/change/", timeout=PATIENCE_S
    )
    response.raise_for_status()
    return response.text
