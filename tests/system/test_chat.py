"""The sandbox page in a real browser, as somebody meets it who has just run `make run`."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
import requests
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.harness.stack import TOKEN, Stack
from tests.harness.telegram import SandboxClient
from tests.system.browser import LOOKS, Look, look_at
from tests.system.chat_page import MINE, THEIRS, ChatPage

pytestmark = pytest.mark.system

QUESTION = "Что Вы обо мне знаете?"
# Told back word by word (20 ms each) it takes longer than the 1.5 s within which an answer is sent at once.
LIFE = "\n".join(
    (
        "Меня зовут Анна.",
        "Я живу в Казани, на тихой улице возле старого парка.",
        "Я работаю учительницей музыки в школе для взрослых.",
        "Я люблю чёрный чай с чабрецом и тёплые булочки по утрам.",
        "Я люблю долгие прогулки вдоль реки поздней осенью, когда уже никого нет.",
        "Я люблю старые детективы, в которых виноват вовсе не дворецкий.",
        "Я не люблю громкую музыку в лифтах и холодный кофе.",
        "Я учу Python, сербский язык и игру на виолончели.",
        "Я учу наизусть стихи, чтобы не скучать в очереди к зубному врачу.",
        "У меня есть кот Барсик, рыжий и очень самостоятельный.",
    )
)
LONG_TALK = (
    "Привет!",
    "Меня зовут Анна, я живу в Казани",
    "Прочтите: https://example.org/" + "very-long-path/" * 12,
    QUESTION,
)
FORMATTED = """<b>Распорядок дня</b>, <i>как условлено</i>: <a href="https://example.org">подробности</a>, \
#дела и <code>make run</code>.
<pre><code class="language-python">print("строка, которая шире экрана любого телефона")</code></pre>
<blockquote>Порядок в доме начинается с порядка в чашке.</blockquote>
Ответ: <tg-spoiler>чай</tg-spoiler>. Ещё /help."""
KEYBOARD = {
    "inline_keyboard": [
        [{"text": "Да, благодарю", "callback_data": "yes"}, {"text": "Не теперь", "callback_data": "no"}],
        [{"text": "Подробности на сайте", "url": "https://example.org"}],
    ]
}


def test_a_new_user_is_greeted_remembered_and_remembered_after_a_restart(
    page: ChatPage, stack: Stack
) -> None:
    page.open()
    assert page.browser.title == "Личный дворецкий · Анна"
    assert "дворецк" in page.ask("Привет!").lower()
    assert "Анна" in page.ask("Меня зовут Анна")
    assert "Python" in page.ask("я учу Python")
    known = page.ask(QUESTION)
    assert "Анна" in known
    assert "Python" in known

    restart(stack)

    page.open()
    assert page.said == ["Привет!", "Меня зовут Анна", "я учу Python", QUESTION]
    known = page.ask(QUESTION)
    assert "Анна" in known
    assert "Python" in known


def restart(stack: Stack) -> None:
    children = (stack.bot, stack.web, stack.worker)
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()
    for child in children:
        child.start()
    stack.worker.wait_for_output("ready")
    stack.wait_for_bot()


def test_a_long_answer_grows_before_ones_eyes(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)
    page.ask(LIFE)
    page.watch()

    whole = page.ask(QUESTION)

    assert page.seen[-1] == whole
    assert len(page.seen) > 1
    for shorter, longer in pairwise(page.seen):
        assert longer.startswith(shorter)


def test_the_command_menu_is_russian_and_works(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)

    menu = page.open_menu()

    assert menu["/ping"] == "на месте ли дворецкий"
    assert {"/start", "/help", "/clear"} < set(menu)
    assert all(re.search("[а-яё]", description) for description in menu.values())
    assert page.choose_command("/start").startswith("Добрый день.")


def test_commands_are_found_as_one_types_and_chosen_by_keyboard(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)
    field = page.browser.one("#text")

    field.send_keys("/pi")
    page.browser.wait(lambda: page.browser.texts("#menu b") == ["/ping"], what="the menu, narrowed")
    field.send_keys(Keys.ARROW_DOWN, Keys.ENTER)

    assert page.wait_for_answer(0) == "Bot ready"
    assert page.said == ["/ping"]


def test_a_command_within_an_answer_can_be_clicked(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)
    page.browser.one(".start").click()
    page.wait_for_answer(0)

    page.browser.one(f"{THEIRS} .command").click()

    assert page.wait_for_answer(1).startswith("К Вашим услугам")
    assert page.said == ["/start", "/help"]


def test_a_reply_quotes_what_it_answers(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)
    answer = page.ask("/ping")
    ActionChains(page.browser).move_to_element(page.last_message()).perform()
    page.browser.one(f"{THEIRS} .reply").click()
    assert page.browser.one("#replying-text").text == answer

    page.ask("Благодарю")

    assert page.browser.texts(f"{MINE} .quote span") == [answer]
    page.browser.wait(lambda: not page.browser.one("#replying").is_displayed(), what="the end of the reply")


def test_a_file_is_shown_and_answered(page: ChatPage, chat_id: int, tmp_path: Path) -> None:
    notes = tmp_path / "заметки о розах.txt"
    notes.write_text("Розы поливать утром.\n" * 100)
    page.open(chat=chat_id)

    assert page.attach(notes, "О розах") != ""

    assert page.said == ["О розах"]
    assert page.browser.texts(f"{MINE} .document b") == ["заметки о розах.txt"]
    assert page.browser.texts(f"{MINE} .document small") == ["3,7 КБ"]


def test_markup_in_a_message_is_text(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)
    words = "<img src=x onerror=alert(1)><b>жирно</b> & *звёзды*"

    page.ask(words)

    assert page.said == [words]
    assert page.browser.all(".text img, .text b") == []


def test_what_the_content_policy_forbids_is_refused_and_noticed(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)

    page.browser.execute_script(
        "document.body.insertAdjacentHTML('beforeend', '<p id=forged style=\"color: red\" onclick=\"alert(1)\">')"
    )
    page.browser.execute_script("document.getElementById('forged').click()")

    complaints = page.browser.complaints()
    assert len(complaints) == 2
    assert all("Content Security Policy" in complaint for complaint in complaints)


def test_lines_are_parted_with_shift_and_enter(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id)

    page.ask("Первая строка\nвторая строка")

    assert page.said == ["Первая строка\nвторая строка"]


def test_two_people_side_by_side_do_not_hear_each_other(page: ChatPage, stack: Stack, chat_id: int) -> None:
    browser = page.browser
    page.open(chat=chat_id, name="Анна")
    first = browser.current_window_handle
    browser.switch_to.new_window("window")
    page.open(chat=chat_id, name="Анна")
    add_person(page, name="Борис", number=str(chat_id + 500))
    second = browser.current_window_handle
    assert browser.title.endswith("Борис")

    browser.switch_to.window(first)
    page.ask("Меня зовут Анна, я учу сербский")
    browser.switch_to.window(second)
    known = page.ask(QUESTION)

    assert "Анна" not in known
    assert "сербск" not in known
    assert page.said == [QUESTION]
    assert browser.complaints() == []
    browser.switch_to.window(first)
    assert page.said == ["Меня зовут Анна, я учу сербский"]


def add_person(page: ChatPage, *, name: str, number: str) -> None:
    browser = page.browser
    browser.one(".people summary").click()
    browser.one(".add-person [name=name]").send_keys(name)
    field = browser.one(".add-person [name=chat]")
    field.clear()
    field.send_keys(number)
    browser.follow(".add-person button")
    page.wait_until_loaded()


def test_the_page_and_butler_speak_english(page: ChatPage, chat_id: int) -> None:
    page.open(chat=chat_id, name="Eve")
    page.browser.follow(".language")
    page.wait_until_loaded()

    menu = page.open_menu()

    assert page.browser.title == "Personal butler · Eve"
    assert menu["/ping"] == "is the butler at his post"
    assert page.choose_command("/ping") == "Bot ready"
    assert "butler" in page.ask("Hello!")
    assert "Eve" in page.ask("My name is Eve")
    assert "Eve" in page.ask("What do you know about me?")


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_page_is_legible_on_every_screen(
    page: ChatPage, stack: Stack, look: Look, pictures: Path
) -> None:
    browser = page.browser
    talk(stack.telegram, chat_id=1_900)
    stack.wait_until_settled()  # what comes while one scrolls up leads back down
    browser.take_on(look)

    page.open(chat=1_899, name="Александра Константиновна")
    found = look_at(browser, pictures / f"chat-empty-{look}.png")
    page.open_menu()
    found += look_at(browser, pictures / f"chat-menu-{look}.png")
    page.open(chat=1_900)
    found += look_at(browser, pictures / f"chat-{look}.png")
    browser.execute_script('document.getElementById("scroll").scrollTop = 0')
    browser.wait(lambda: browser.one("#to-bottom").is_displayed(), what="the way back down")
    found += look_at(browser, pictures / f"chat-top-{look}.png")
    browser.one(".people summary").click()
    found += look_at(browser, pictures / f"chat-people-{look}.png")

    assert found == []
    assert browser.one("#send").is_displayed()


def talk(telegram: SandboxClient, *, chat_id: int) -> None:
    """Let the person have a talk that is hard to lay out, unless they had it before."""
    if chat_id in {chat["chat_id"] for chat in telegram.get("chats")["chats"]}:
        return
    person = {"id": chat_id, "is_bot": False, "first_name": "Анна", "language_code": "ru"}
    for number, text in enumerate(LONG_TALK, start=1):
        telegram.write(chat_id, text, **{"from": person})
        telegram.wait_for_answers(chat_id, number)
    answer = {"chat_id": chat_id, "text": FORMATTED, "parse_mode": "HTML", "reply_markup": KEYBOARD}
    requests.post(f"{telegram.url}/bot{TOKEN}/sendMessage", json=answer, timeout=60).raise_for_status()
    telegram.upload(chat_id, kind="document", content=b"x" * 2048)
    telegram.wait_for_answers(chat_id, len(LONG_TALK) + 2)
    quoted = telegram.messages(chat_id)[1]["message_id"]
    telegram.write(chat_id, "Это я запомню", reply_to_message_id=quoted, **{"from": person})
    telegram.wait_for_answers(chat_id, len(LONG_TALK) + 3)
