"""Debian's Chromium, driven without a screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from tests.harness.days import find_quiet_zone

CHROMIUM = "/usr/bin/chromium"
DRIVER = "/usr/bin/chromedriver"
WAIT_S = 60
POLL_S = 0.05
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's has 64 MB
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
    "--lang=ru",
    "--accept-lang=ru",  # what pages are asked for in; the line above is about the browser itself
)
COMPLAINTS = {"WARNING", "SEVERE"}
AT_REST = "return document.getAnimations().length === 0 && !document.querySelector('[aria-busy=true]')"
IS_LOADED = "return document.readyState === 'complete'"
# Notes what an element has said while it was shown: a notice is gone after some seconds.
NOTE = """
const [element] = arguments;
window.noted = [];
new MutationObserver(() => element.checkVisibility() && window.noted.push(element.innerText.trim()))
  .observe(element, { attributes: true, childList: true, characterData: true, subtree: true });
"""
LEGIBILITY = (Path(__file__).parent / "legibility.js").read_text()

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """A screen: its size in CSS pixels, and whether the person prefers dark colours."""

    width: int
    height: int
    is_dark: bool

    def __str__(self) -> str:
        return f"{self.width}x{self.height}-{'dark' if self.is_dark else 'light'}"


LOOKS = tuple(
    Look(width, height, dark) for width, height in ((1280, 900), (390, 844)) for dark in (False, True)
)


class Browser(Chrome):
    """Chromium with its own profile in `directory`; nothing is downloaded to drive it."""

    def __init__(self, directory: Path) -> None:
        options = ChromeOptions()
        options.binary_location = CHROMIUM
        for option in (*OPTIONS, f"--user-data-dir={directory / 'profile'}"):
            options.add_argument(option)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        super().__init__(options=options, service=Service(executable_path=DRIVER))
        self.set_script_timeout(WAIT_S)

    def wait(self, condition: Callable[[], T], *, what: str) -> T:
        """Wait until `condition()` is true and return its value. Raises `TimeoutException` naming `what`."""
        return WebDriverWait(self, WAIT_S, POLL_S).until(lambda _: condition(), what)

    def wait_for_rest(self) -> None:
        """Wait until nothing moves or is fetched any more: what moves cannot be clicked reliably."""
        self.wait(lambda: self.execute_script(AT_REST), what="a page at rest")

    def one(self, css: str) -> WebElement:
        return self.find_element(By.CSS_SELECTOR, css)

    def all(self, css: str) -> list[WebElement]:
        return self.find_elements(By.CSS_SELECTOR, css)

    def texts(self, css: str) -> list[str]:
        """The texts of all such elements, read in one go: a page that changes meanwhile does no harm."""
        found: list[str] = self.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText.trim())", css
        )
        return found

    def follow(self, css: str) -> None:
        """Click what leads to another page, and wait for that page."""
        before = self.one("html")
        self.one(css).click()
        self.wait(
            lambda: self.one("html").id != before.id and self.execute_script(IS_LOADED),
            what=f"the page behind {css}",
        )

    def log_in(self, url: str, username: str, password: str) -> None:
        """Ask for a page of the admin's and fill in the form that comes instead."""
        self.get(url)
        self.one("#id_username").send_keys(username)
        self.one("#id_password").send_keys(password)
        self.follow("[type=submit]")

    def note(self, css: str) -> None:
        """Remember from now on what this element says on the page: `noted`."""
        self.execute_script(NOTE, self.one(css))

    @property
    def noted(self) -> list[str]:
        found: list[str] = self.execute_script("return window.noted")
        return found

    def complaints(self) -> list[str]:
        """What the browser found wrong (errors, warnings, refusals by the content policy) since last asked."""
        return [entry["message"] for entry in self.get_log("browser") if entry["level"] in COMPLAINTS]

    def take_on(self, look: Look) -> None:
        """Show pages as on that screen."""
        self.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.width < 600},
        )
        scheme = "dark" if look.is_dark else "light"
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def live_in_a_quiet_zone(self) -> None:
        """Be in a time zone in which no day ends while a test looks at days."""
        self.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": find_quiet_zone()})

    def take_off(self) -> None:
        """Back to the window as it is, and to the machine's time zone."""
        self.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
        self.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def list_illegible(self) -> list[str]:
        """List texts with too little contrast, and whatever reaches beyond the screen's sides."""
        found: list[str] = self.execute_script(LEGIBILITY)
        return found

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert self.save_screenshot(str(path))


def look_at(browser: Browser, picture: Path) -> list[str]:
    """Take a picture, and return what a person with weak eyes could not read."""
    browser.wait_for_rest()
    browser.picture(picture)
    return browser.list_illegible()
