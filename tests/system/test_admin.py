"""The admin in a real browser: look things up, approve somebody, read a person's page, reset."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from tests.harness.exchanges import last_trace_id, wait_for_exchange
from tests.harness.stack import Stack
from tests.system.browser import LOOKS, Browser, Look, look_at
from tests.system.conftest import PASSWORD, USERNAME
from tests.system.long_memory import fill_over_cap

pytestmark = pytest.mark.system

WRITER = 1_950  # whose long letters stand in the pictures
PROFILES = "/admin/personalization/userprofile/"
EVENTS = "/admin/personalization/memoryevent/"
PEOPLE = "/admin/botgateway/person/"
UPDATES = "/admin/botgateway/inboxupdate/"
DECISIONS = "/admin/botgateway/accessdecision/"
NOTICES = "/admin/botgateway/notice/"
STATUS_BY_LINK = """
const links = [...document.links].map((link) => new URL(link.href).pathname);
const statuses = await Promise.all(links.map(async (link) => (await fetch(link)).status));
return Object.fromEntries(links.map((link, place) => [link, statuses[place]]));
"""
ROWS = "#result_list tbody tr"
CREATE_LOOKER = f"""
from django.contrib.auth.models import Permission, User
looker = User.objects.create_user("looker", password={PASSWORD!r}, is_staff=True)
looker.user_permissions.set(Permission.objects.filter(codename="view_person"))
"""


def tell(stack: Stack, chat_id: int, *texts: str, name: str = "Анна") -> list[str]:
    """Write as a person of that name; return all answers, each complete and what was said remembered."""
    person = {"id": chat_id, "is_bot": False, "first_name": name, "language_code": "ru"}
    known = len(stack.telegram.answers(chat_id))
    for number, text in enumerate(texts, start=1):
        stack.telegram.write(chat_id, text, **{"from": person})
        stack.telegram.wait_for_answers(chat_id, known + number)
        stack.wait_until_settled()
    return stack.telegram.answers(chat_id)


def search(browser: Browser, words: str) -> None:
    browser.one("#searchbar").clear()
    browser.one("#searchbar").send_keys(words)
    browser.follow("#changelist-search [type=submit]")


def column(browser: Browser, name: str) -> list[str]:
    return browser.texts(f"{ROWS} .field-{name}")


def test_a_wrong_password_is_refused(browser: Browser, stack: Stack, superuser: tuple[str, str]) -> None:
    browser.log_in(stack.web_url + PROFILES, USERNAME, "guess")

    assert browser.one(".errornote").is_displayed()
    assert browser.all(ROWS) == []


def test_every_link_of_the_first_page_leads_somewhere(staff: Browser) -> None:
    found: dict[str, int] = staff.execute_script(STATUS_BY_LINK)

    assert {PROFILES, EVENTS, PEOPLE, UPDATES} <= set(found)
    assert set(found.values()) == {200}
    assert f"{PEOPLE}add/" not in found  # somebody added by hand would have no id


def test_profiles_and_memory_are_searched_and_filtered(staff: Browser, stack: Stack, chat_id: int) -> None:
    other_id = chat_id + 500
    tell(stack, chat_id, "Я развожу фиалки")
    tell(stack, other_id, "Я чиню часы", name="Борис")

    staff.get(stack.web_url + PROFILES)
    assert {str(chat_id), str(other_id)} <= set(column(staff, "user_id"))
    search(staff, str(other_id))
    assert column(staff, "user_id") == [str(other_id)]

    staff.get(stack.web_url + EVENTS)
    assert column(staff, "beginning") == []  # no words in a list about everybody
    search(staff, str(chat_id))
    said = column(staff, "beginning")
    assert "Я развожу фиалки" in said
    assert not any("часы" in text for text in said)
    staff.follow('#changelist-filter a[href*="role__exact=user"]')
    assert column(staff, "beginning") == ["Я развожу фиалки"]
    assert column(staff, "user_id") == [str(chat_id)]


def test_what_was_said_can_be_read_and_not_changed(staff: Browser, stack: Stack, chat_id: int) -> None:
    tell(stack, chat_id, "Мой любимый цвет — индиго")
    staff.get(f"{stack.web_url}{EVENTS}?q={chat_id}&role__exact=user")
    staff.follow(f"{ROWS} th a")

    assert staff.one(".field-content .readonly").text == "Мой любимый цвет — индиго"
    assert staff.all("#content-main input:not([type=hidden]), #content-main textarea, [name=_save]") == []


def test_the_inbox_shows_what_became_of_an_update_and_not_its_words(
    staff: Browser, stack: Stack, chat_id: int
) -> None:
    tell(stack, chat_id, "Тайное слово: мимоза")
    stack.wait_until_settled()
    staff.get(stack.web_url + UPDATES)

    search(staff, str(chat_id))
    assert column(staff, "status") == ["отвечено"]
    staff.follow(f"{ROWS} th a")

    assert "мимоза" not in staff.page_source
    assert staff.one(".field-trace .readonly").text


def test_a_person_is_approved(staff: Browser, stack: Stack, chat_id: int) -> None:
    with by_approval(stack):
        tell(stack, chat_id, "/start", name="Борис")
        staff.get(stack.web_url + PEOPLE)
        search(staff, str(chat_id))
        assert column(staff, "user_id") == [str(chat_id)]
        choose_action(staff, "approve")
        assert staff.texts(".messagelist .success") == ["Одобрено: 1; было так и прежде: 0; невозможно: 0."]
        told = stack.telegram.wait_for_answers(chat_id, 2)[1]
        answer = tell(stack, chat_id, "Меня зовут Борис", name="Борис")[-1]
        staff.follow(f"{ROWS} th a")
        decisions = wait_for_section(staff, "access", "tbody tr")
        assert f"staff:{USERNAME}" in decisions[0]
        assert staff.one("#access-state").text == "одобрено"

    assert told.startswith("Имею удовольствие сообщить")
    assert "Борис" in answer
    person = stack.database().people.find_one({"user_id": str(chat_id)})
    assert person["access_state"] == "approved"


@contextmanager
def by_approval(stack: Stack) -> Iterator[None]:
    """Let the worker ask for an approval of everybody."""
    change_worker(stack, ACCESS_POLICY="approval")
    try:
        yield
    finally:
        change_worker(stack, ACCESS_POLICY="open")


def change_worker(stack: Stack, **settings: str) -> None:
    stack.worker.stop()
    stack.worker.environment |= settings
    stack.worker.start()
    stack.worker.wait_for_output("ready")


def wait_for_section(browser: Browser, name: str, css: str) -> list[str]:
    """Wait until the page's script has put a section in place; return the texts in it."""
    return browser.wait(lambda: browser.texts(f"#{name} {css}"), what=f"section {name}")


def test_a_conversation_is_read_searched_and_the_reading_is_on_record(
    staff: Browser, stack: Stack, chat_id: int
) -> None:
    tell(stack, chat_id, "Меня зовут Анна", "Мой любимый цвет — индиго")
    wait_for_exchange(stack, last_trace_id(stack, chat_id))  # sections of pages are fetched once
    staff.get(f"{stack.web_url}{PEOPLE}of/{chat_id}/")
    assert wait_for_section(staff, "exchanges", "tbody tr")
    assert staff.texts("#conversation .person-words") == []  # as long as nobody asks

    staff.one("#conversation a[data-fragment]").send_keys(Keys.ENTER)
    said = wait_for_section(staff, "conversation", ".person-words")
    assert staff.switch_to.active_element.get_attribute("id") == "conversation-title"
    assert [said[0], said[2]] == ["Меня зовут Анна", "Мой любимый цвет — индиго"]
    staff.one("#conversation input[type=search]").send_keys("индиго")
    staff.one("#conversation button").click()
    staff.wait(lambda: len(staff.texts("#conversation .person-words")) < len(said), what="what was found")
    assert "Мой любимый цвет — индиго" in staff.texts("#conversation .person-words")

    staff.refresh()
    noted = wait_for_section(staff, "log", "tbody tr")
    assert [USERNAME in row and "Беседа" in row for row in noted] == [True, True]


def test_a_reset_is_asked_about_cancelled_and_confirmed(staff: Browser, stack: Stack, chat_id: int) -> None:
    other_id = chat_id + 500
    tell(stack, chat_id, "Меня зовут Анна", "Я учу Python")
    tell(stack, other_id, "Меня зовут Борис", name="Борис")
    stack.wait_until_settled()

    choose_reset(staff, stack, chat_id)
    assert staff.one(".count-events").text == "4"
    staff.follow("#content .cancel-link")
    assert count_events(stack, chat_id) == 4

    choose_reset(staff, stack, chat_id)
    staff.one("[name=is_told]").click()
    staff.follow("#content [type=submit]")
    assert staff.texts(".messagelist .success") == ["Сброшено людей: 1; удалено записей бесед: 4."]
    assert staff.one("#person-page")
    assert count_events(stack, chat_id) == 0
    assert count_events(stack, other_id) == 2
    assert stack.telegram.wait_for_answers(chat_id, 3)[2].startswith("Почитаю долгом известить")
    assert "Анна" not in tell(stack, chat_id, "Что Вы обо мне знаете?")[-1]


def test_a_compression_asked_for_is_followed_to_its_end(staff: Browser, stack: Stack, chat_id: int) -> None:
    tell(stack, chat_id, "Меня зовут Анна")
    fill_over_cap(stack, chat_id)
    staff.get(f"{stack.web_url}{PEOPLE}of/{chat_id}/")

    staff.follow("[name=action][value=compress]")

    (row,) = wait_for_section(staff, "compressions", "tbody tr")
    assert "сжато" in row
    staff.wait(lambda: not staff.all("#under-way"), what="an end of the waiting")


def choose_reset(browser: Browser, stack: Stack, chat_id: int) -> None:
    """Go to the person's page and press the button."""
    browser.get(f"{stack.web_url}{PEOPLE}of/{chat_id}/")
    browser.follow("[name=action][value=reset_profiles]")


def choose_action(browser: Browser, name: str) -> None:
    """Tick the first row, choose the action, go."""
    browser.one(f"{ROWS} .action-select").click()
    Select(browser.one("[name=action]")).select_by_value(name)
    browser.follow(".actions [type=submit]")


def count_events(stack: Stack, chat_id: int) -> int:
    return stack.database().user_memory.count_documents({"user_id": str(chat_id)})


def test_staff_who_may_do_little_are_told_so_on_every_page(
    browser: Browser, stack: Stack, chat_id: int, pictures: Path
) -> None:
    tell(stack, chat_id, "Меня зовут Анна")
    stack.manage("shell", "--command", CREATE_LOOKER)
    browser.log_in(f"{stack.web_url}{PEOPLE}of/{chat_id}/", "looker", PASSWORD)
    found = look_at(browser, pictures / "admin-looker.png")

    assert browser.all("[name=action], a[data-fragment]") == []
    assert len(browser.texts(".person-fragment .help")) == len(browser.all(".person-section")) == 9
    browser.get(stack.web_url + NOTICES)
    found += look_at(browser, pictures / "admin-refused.png")
    assert browser.one("#content h1").text == "Сюда Вас не впускают"
    assert found == []
    assert all("403" in complaint for complaint in browser.complaints())


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_admin_fits_every_screen(staff: Browser, stack: Stack, look: Look, pictures: Path) -> None:
    if not count_events(stack, WRITER):
        tell(stack, WRITER, *["Я развожу орхидеи и пишу о них длинные письма, " * 5] * 2)
    wait_for_exchange(stack, last_trace_id(stack, WRITER))
    staff.take_on(look)
    found = []

    for name, path in (
        ("index", "/admin/"),
        ("profiles", PROFILES),
        ("events", EVENTS),
        ("updates", UPDATES),
        ("people", PEOPLE),
        ("decisions", DECISIONS),
        ("notices", NOTICES),
    ):
        staff.get(stack.web_url + path)
        found += look_at(staff, pictures / f"admin-{name}-{look}.png")
    staff.get(f"{stack.web_url}{EVENTS}?q={WRITER}")
    staff.follow(f"{ROWS} th a")
    found += look_at(staff, pictures / f"admin-event-{look}.png")
    staff.get(f"{stack.web_url}{PEOPLE}of/{WRITER}/")
    wait_for_section(staff, "exchanges", "tbody tr")
    found += look_at(staff, pictures / f"admin-person-{look}.png")
    staff.one("#conversation a[data-fragment]").click()
    wait_for_section(staff, "conversation", ".person-words")
    staff.execute_script("document.getElementById('conversation').scrollIntoView()")
    found += look_at(staff, pictures / f"admin-conversation-{look}.png")
    staff.execute_script("document.getElementById('log').scrollIntoView()")
    found += look_at(staff, pictures / f"admin-log-{look}.png")
    staff.get(f"{stack.web_url}{PEOPLE}of/{WRITER}/conversation/")
    found += look_at(staff, pictures / f"admin-section-{look}.png")
    choose_reset(staff, stack, WRITER)
    found += look_at(staff, pictures / f"admin-reset-{look}.png")

    assert found == []
