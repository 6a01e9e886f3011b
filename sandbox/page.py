"""The chat page: one HTML document from a template, one stylesheet, one script."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from django.template import Context, Engine

from sandbox.jsontypes import JsonObject
from sandbox.telegram.chatbook import default_person
from sandbox.wording import DEFAULT_LANGUAGE, DEFAULT_NAMES, WORDS
from sandbox.world import World

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
STATIC = Path(__file__).resolve().parent / "static"
DEFAULT_CHAT_ID = 1001
MAX_NAME = 64  # characters, https://core.telegram.org/bots/api#user
MAX_CHAT_ID = 1 << 52  # https://core.telegram.org/bots/api#chat
MAX_SWITCHER = 30
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class ChatPage:
    """Serve `/`, `/?chat=<id>&name=<name>&lang=ru|en`, and the static files."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._engine = Engine(dirs=[str(TEMPLATES)])

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self.show)
        router.add_static("/sandbox/static/", STATIC)

    async def show(self, request: web.Request) -> web.Response:
        language = request.query.get("lang", DEFAULT_LANGUAGE)
        language = language if language in WORDS else DEFAULT_LANGUAGE
        person = self._choose_person(request, language)
        settings = {
            "chat_id": person["id"],
            "person": person,
            "language": language,
            "words": WORDS[language],
        }
        context = Context(
            {
                "language": language,
                "words": WORDS[language],
                "settings": settings,
                "bot": self._world.bot,
                "person": person,
                "people": self._list_people(person, language),
                "next_id": str(self._next_id()),
                "language_link": _link(person, "en" if language == "ru" else "ru"),
            },
            use_l10n=False,
            use_tz=False,
        )
        html = self._engine.get_template("sandbox/chat.html").render(context)
        return web.Response(text=html, content_type="text/html", headers=HEADERS)

    def _choose_person(self, request: web.Request, language: str) -> JsonObject:
        requested = request.query.get("chat", "")
        is_valid = requested.isdecimal() and 0 < int(requested) < MAX_CHAT_ID
        chat_id = int(requested) if is_valid else DEFAULT_CHAT_ID
        known = self._world.chats.chats.get(chat_id)
        if known is not None:
            return known.person
        person = {**default_person(chat_id), "language_code": language}
        name = request.query.get("name", "").strip()[:MAX_NAME]
        if chat_id == DEFAULT_CHAT_ID:
            name = name or DEFAULT_NAMES[language]
        return {**person, "first_name": name or person["first_name"]}

    def _list_people(self, current: JsonObject, language: str) -> list[JsonObject]:
        known = {chat.chat_id: chat.person for chat in self._world.chats.chats.values() if chat.chat_id > 0}
        default = {**default_person(DEFAULT_CHAT_ID), "first_name": DEFAULT_NAMES[language]}
        shown = {DEFAULT_CHAT_ID: default, **known, current["id"]: current}
        return [
            {
                "id": str(person["id"]),
                "name": person["first_name"],
                "initial": person["first_name"][:1].upper(),
                "link": _link(person, language),
                "is_current": person["id"] == current["id"],
            }
            for person in list(shown.values())[-MAX_SWITCHER:]
        ]

    def _next_id(self) -> int:
        known = [chat_id for chat_id in self._world.chats.chats if 0 < chat_id < MAX_CHAT_ID - 1]
        return max([DEFAULT_CHAT_ID, *known]) + 1


def _link(person: JsonObject, language: str) -> str:
    query = {"chat": person["id"], "name": person["first_name"]}
    if language != DEFAULT_LANGUAGE:
        query["lang"] = language
    return "/?" + urlencode(query, errors="replace")
