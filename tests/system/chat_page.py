"""The chat page as a person uses it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.harness.stack import Stack
from tests.system.browser import Browser

MINE = ".message.mine"
THEIRS = ".message:not(.mine)"
CHAT_ID = 'return JSON.parse(document.getElementById("settings").textContent).chat_id'
# Notes every text that the last message of Butler's has shown, from the moment on that it is installed.
WATCH = """
const [known] = arguments;
window.seen = [];
new MutationObserver(() => {
  const answers = [...document.querySelectorAll(".message:not(.mine) .text")].slice(known);
  const text = answers.at(-1)?.innerText.trim();
  if (text && text !== window.seen.at(-1)) window.seen.push(text);
}).observe(document.getElementById("messages"), { childList: true, subtree: true, characterData: true });
"""


class ChatPage:
    """One person's chat in the browser's current window."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        self.browser = browser
        self.stack = stack
        self.root = stack.telegram.url

    def open(self, **query: str | int) -> None:
        """Open the page (`chat`, `name`, `lang`) and wait until it has loaded the chat."""
        self.browser.get(f"{self.root}/?{urlencode(query)}" if query else self.root)
        self.wait_until_loaded()

    def wait_until_loaded(self) -> None:
        self.browser.wait(
            lambda: self.browser.all("#empty:not([hidden])") or self.browser.all(".message"),
            what="the chat",
        )

    @property
    def answers(self) -> list[str]:
        return self.browser.texts(f"{THEIRS} .text")

    @property
    def said(self) -> list[str]:
        return self.browser.texts(f"{MINE} .text")

    def type(self, text: str) -> None:
        """Write and press Enter; lines are parted with Shift+Enter."""
        field = self.browser.one("#text")
        for number, line in enumerate(text.split("\n")):
            field.send_keys(*([Keys.SHIFT, Keys.ENTER, Keys.NULL] if number else []), line)
        field.send_keys(Keys.ENTER)

    def ask(self, text: str) -> str:
        """Write, wait until the answer is complete and return it."""
        known = len(self.answers)
        self.type(text)
        return self.wait_for_answer(known)

    def watch(self) -> None:
        """Remember from now on what the newest answer shows: `seen`."""
        self.browser.execute_script(WATCH, len(self.answers))

    @property
    def seen(self) -> list[str]:
        found: list[str] = self.browser.execute_script("return window.seen")
        return found

    def wait_for_answer(self, known: int) -> str:
        """Wait for one answer more than `known` and until it is complete; return it."""
        self.browser.wait(lambda: len(self.answers) > known, what=f"answer {known + 1}")
        self.stack.wait_until_settled()
        chat_id = self.browser.execute_script(CHAT_ID)
        whole = self.stack.telegram.answers(chat_id)[known]
        self.browser.wait(lambda: self.answers[known] == whole.strip(), what=f"the whole of {whole}")
        self.browser.wait_for_rest()
        return whole

    def open_menu(self) -> dict[str, str]:
        """Open the command menu; return the descriptions by command."""
        self.browser.one("#commands").click()
        self.browser.wait(lambda: self.browser.all("#menu:not([hidden]) li"), what="the command menu")
        return dict(zip(self.browser.texts("#menu b"), self.browser.texts("#menu span"), strict=True))

    def choose_command(self, command: str) -> str:
        """Click a command in the open menu and return the answer."""
        known = len(self.answers)
        next(one for one in self.browser.all("#menu button") if one.text.startswith(command)).click()
        return self.wait_for_answer(known)

    def last_message(self, css: str = THEIRS) -> WebElement:
        return self.browser.all(css)[-1]

    def choose_files(self, *paths: Path) -> None:
        """Choose files as the paper-clip's dialogue does; they wait above the text field."""
        self.browser.one("#file").send_keys("\n".join(map(str, paths)))
        self.browser.wait(lambda: len(self.browser.all(".chip")) == len(paths), what="the chosen files")

    def attach(self, path: Path, caption: str = "") -> str:
        """Send a file and return the answer."""
        known = len(self.answers)
        self.choose_files(path)
        self.type(caption)
        return self.wait_for_answer(known)
