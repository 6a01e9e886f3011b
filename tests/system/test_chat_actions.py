"""What the sandbox page can do beside talking; the test itself is the bot, so that each answer is known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from sandbox.telegram.pictures import draw_plain_picture
from tests.harness.telegram import SandboxClient
from tests.sandbox.server import Sandbox
from tests.system.browser import LOOKS, Browser, Look, look_at
from tests.system.chat_page import MINE, THEIRS

pytestmark = pytest.mark.system

MARK = """
const text = document.querySelector(arguments[0] + " .text").firstChild;
getSelection().setBaseAndExtent(text, arguments[1], text, arguments[2]);
"""
# Keeps the server's answers back; each is called for to pass it on.
LATE = """
const ask = window.fetch;
window.late = [];
window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  await new Promise((pass) => window.late.push(pass));
  return answer;
};
"""
PASS_ONE = "window.late.shift()()"
PASS_ALL = "while (window.late.length) window.late.shift()()"
_person_ids = count(3_000)


@pytest.fixture
def telegram(sandbox: Sandbox) -> Iterator[SandboxClient]:
    client = SandboxClient(sandbox.root)
    yield client
    client.close()


@pytest.fixture
def anna(telegram: SandboxClient) -> dict[str, Any]:
    """Give a person who has greeted the bot."""
    person = {"id": next(_person_ids), "is_bot": False, "first_name": "Анна"}
    telegram.write(person["id"], "Добрый вечер!", from_=person)
    return person


def open_chat(browser: Browser, sandbox: Sandbox, query: str) -> None:
    browser.get(f"{sandbox.root}/?{query}")
    browser.wait(lambda: browser.all(".message"), what="the chat")


def act(sandbox: Sandbox, method: str, **parameters: Any) -> Any:
    """Act as the bot."""
    answer = sandbox.call(method, **parameters).json()
    assert answer["ok"], answer
    return answer["result"]


def buttons(*rows: str) -> dict[str, Any]:
    return {"inline_keyboard": [[{"text": text, "callback_data": text}] for text in rows]}


def make_files(directory: Path) -> list[Path]:
    contents = {
        "окно.png": draw_plain_picture(400, 300),
        "дверь.png": draw_plain_picture(300, 400),
        "договор.pdf": b"%PDF" + bytes(5_000),
    }
    for name, content in contents.items():
        (directory / name).write_bytes(content)
    return [directory / name for name in contents]


def choose(browser: Browser, files: list[Path]) -> None:
    browser.one("#file").send_keys("\n".join(map(str, files)))
    browser.wait(lambda: browser.texts(".chip b") == [path.name for path in files], what="the chosen files")


def test_several_files_are_an_album_with_a_caption(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient, anna: dict[str, Any], tmp_path: Path
) -> None:
    open_chat(browser, sandbox, f"chat={anna['id']}")
    choose(browser, [*make_files(tmp_path), make_files(tmp_path)[2]])
    browser.all(".chip .icon")[-1].click()

    browser.one("#text").send_keys("Как условились", Keys.ENTER)

    browser.wait(lambda: len(browser.all(MINE)) == 4, what="the files")
    browser.wait(lambda: browser.texts(".chip b") == [], what="an empty tray")
    window, door, contract = telegram.messages(anna["id"])[1:]
    assert [window["attachment"]["kind"], window["text"]] == ["photo", "Как условились"]
    assert window["media_group_id"] == door["media_group_id"] is not None
    assert [contract["attachment"]["kind"], contract["media_group_id"]] == ["document", None]
    assert browser.texts(".document b, .document small") == ["договор.pdf", "4,9 КБ"]
    assert len(browser.all(".album img.photo")) == 2


def test_ones_own_message_is_changed_by_keyboard_alone(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient, anna: dict[str, Any]
) -> None:
    open_chat(browser, sandbox, f"chat={anna['id']}")
    field = browser.one("#text")

    field.send_keys(Keys.ARROW_UP)
    assert (field.get_property("value"), browser.one("#replying-who").text) == (
        "Добрый вечер!",
        "Изменение сообщения",
    )
    field.send_keys(" Чай готов?", Keys.ENTER)

    browser.wait(lambda: browser.texts(f"{MINE} .text") == ["Добрый вечер! Чай готов?"], what="the change")
    assert browser.texts(f"{MINE} .meta")[0].startswith("изменено · ")
    assert telegram.messages(anna["id"])[0]["edit_count"] == 1
    field.send_keys(Keys.ARROW_UP, Keys.ESCAPE)
    assert field.get_property("value") == ""


def test_a_late_answer_of_the_server_undoes_nothing(
    browser: Browser, sandbox: Sandbox, anna: dict[str, Any]
) -> None:
    open_chat(browser, sandbox, f"chat={anna['id']}")
    browser.execute_script(LATE)
    field = browser.one("#text")

    field.send_keys("/s")
    browser.wait(lambda: browser.execute_script("return window.late.length"), what="the commands")
    browser.execute_script(PASS_ONE)
    browser.wait(lambda: browser.texts("#menu b") == ["/start"], what="the menu, narrowed")
    field.send_keys(Keys.ARROW_DOWN)
    browser.execute_script(PASS_ALL)
    field.send_keys(Keys.ENTER)
    browser.wait(lambda: len(browser.all(MINE)) == 2, what="the command")
    field.send_keys(Keys.ARROW_UP)
    browser.execute_script(PASS_ALL)
    field.send_keys(" дом", Keys.ENTER)

    browser.wait(lambda: browser.texts(f"{MINE} .text")[-1] == "/start дом", what="the change")
    assert len(browser.all(MINE)) == 2


def test_a_command_sent_while_a_message_is_being_edited_gives_the_edit_up(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient, anna: dict[str, Any]
) -> None:
    telegram.write(anna["id"], "Подайте чай")
    open_chat(browser, sandbox, f"chat={anna['id']}")
    field = browser.one("#text")
    field.send_keys(Keys.ARROW_UP)
    browser.wait(lambda: browser.one("#replying").is_displayed(), what="the edit")

    field.clear()
    field.send_keys("/s")
    browser.wait(lambda: browser.texts("#menu b") == ["/start"], what="the menu")
    field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)

    browser.wait(lambda: browser.texts(f"{MINE} .text")[1:] == ["Подайте чай", "/start"], what="the command")
    browser.wait(lambda: not browser.one("#replying").is_displayed(), what="the end of the edit")


def test_marked_words_are_quoted_in_a_reply(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient, anna: dict[str, Any]
) -> None:
    act(sandbox, "sendMessage", chat_id=anna["id"], text="Чай подан в библиотеку.")
    open_chat(browser, sandbox, f"chat={anna['id']}")
    browser.execute_script(MARK, THEIRS, 10, 22)
    ActionChains(browser).context_click(browser.one(f"{THEIRS} .meta")).perform()
    browser.wait(lambda: browser.texts("#context button"), what="the menu of the message")

    assert browser.texts("#context button") == ["Ответить с цитатой", "Ответить", "Копировать текст"]
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    browser.one("#text").send_keys("Почему туда?", Keys.ENTER)

    browser.wait(lambda: browser.texts(f"{MINE} .quote .part") == ["в библиотеку"], what="the quote")
    assert telegram.messages(anna["id"])[-1]["quote"] == "в библиотеку"


def test_buttons_are_answered_and_change_under_ones_fingers(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient, anna: dict[str, Any]
) -> None:
    chat = anna["id"]
    sent = act(sandbox, "sendMessage", chat_id=chat, text="Чаю?", reply_markup=buttons("Да", "Нет"))
    open_chat(browser, sandbox, f"chat={chat}")
    browser.note("#toast")

    browser.one(".keyboard button").send_keys(Keys.ENTER)
    answer_press(browser, sandbox, chat, text="Несу.")
    markup = buttons("С мёдом", "С лимоном")
    act(sandbox, "editMessageReplyMarkup", chat_id=chat, message_id=sent["message_id"], reply_markup=markup)
    browser.wait(lambda: browser.texts(".keyboard button") == ["С мёдом", "С лимоном"], what="new buttons")
    browser.wait(lambda: "Несу." in browser.noted, what="the notice")
    assert browser.switch_to.active_element.text == "С мёдом"

    browser.switch_to.active_element.send_keys(Keys.ENTER)
    answer_press(browser, sandbox, chat, text="Мёд кончился.", show_alert=True)
    browser.wait(lambda: browser.texts("#alert[open] p") == ["Мёд кончился."], what="the alert")
    browser.one("#alert button").click()
    assert [one["text"] for one in telegram.callback_answers(chat)] == ["Несу.", "Мёд кончился."]


def answer_press(browser: Browser, sandbox: Sandbox, chat_id: int, **answer: Any) -> None:
    """Answer the one press that the bot has not heard of yet."""

    def presses() -> list[dict[str, Any]]:
        queries = [update.get("callback_query") for update in sandbox.get("pending")["updates"]]
        return [query for query in queries if query and query["from"]["id"] == chat_id]

    (query,) = browser.wait(presses, what="the press")
    act(sandbox, "answerCallbackQuery", callback_query_id=query["id"], **answer)
    act(sandbox, "getUpdates", offset=sandbox.get("pending")["updates"][-1]["update_id"] + 1)


def test_what_the_bot_deletes_vanishes_and_what_it_sends_can_be_fetched(
    browser: Browser, sandbox: Sandbox, telegram: SandboxClient, anna: dict[str, Any]
) -> None:
    sent = act(sandbox, "sendMessage", chat_id=anna["id"], text="Одну минуту…")
    file = telegram.upload(anna["id"], kind="document", content=b"{}" * 900)["file_id"]
    open_chat(browser, sandbox, f"chat={anna['id']}")

    act(sandbox, "deleteMessage", chat_id=anna["id"], message_id=sent["message_id"])
    act(sandbox, "sendDocument", chat_id=anna["id"], document=file, caption="Всё, что я помню")

    browser.wait(lambda: browser.texts(f"{THEIRS} .text") == ["Всё, что я помню"], what="the document alone")
    link = browser.one(f"{THEIRS} .document")
    assert link.get_attribute("download") == "file"
    assert browser.texts(f"{THEIRS} .document small") == ["1,8 КБ"]
    assert requests.get(link.get_attribute("href"), timeout=60).content == b"{}" * 900


@pytest.fixture
def group_id(sandbox: Sandbox, telegram: SandboxClient, anna: dict[str, Any]) -> int:
    """Give a group in which Boris has asked, Anna has sent an album and the bot has quoted Boris."""
    chat_id = -900_000 - anna["id"]
    boris = {"id": 2_999, "is_bot": False, "first_name": "Борис"}
    telegram.add_to_group(chat_id, title="Семейный совет", from_=anna)
    asked = telegram.write(chat_id, "Кто сегодня дома?", from_=boris)["message_id"]
    picture = draw_plain_picture(400, 300)
    for caption in ("Вид из окна", "", ""):
        telegram.upload(
            chat_id, kind="photo", content=picture, caption=caption, media_group_id="9", from_=anna
        )
    reply = {"message_id": asked, "quote": "сегодня дома"}
    act(sandbox, "sendMessage", chat_id=chat_id, text="Все, разумеется.", reply_parameters=reply)
    return chat_id


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_group_shows_who_writes_and_is_legible(
    browser: Browser, sandbox: Sandbox, group_id: int, look: Look, pictures: Path
) -> None:
    browser.take_on(look)
    person_id = -group_id - 900_000

    open_chat(browser, sandbox, f"chat={group_id}&as={person_id}")
    found = look_at(browser, pictures / f"group-{look}.png")
    choose(browser, make_files(pictures))
    found += look_at(browser, pictures / f"group-files-{look}.png")
    browser.one(".people summary").click()
    found += look_at(browser, pictures / f"group-people-{look}.png")

    assert found == []
    assert browser.texts(".sender") == ["Борис", "Личный дворецкий"]
    assert "Борис" in browser.texts(".popover .person-name")
