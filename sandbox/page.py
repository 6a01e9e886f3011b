"""The chat page: one HTML document from a template, one stylesheet, modules of script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web
from django.template import Context, Engine

from sandbox.jsontypes import JsonObject
from sandbox.telegram.channels import MAX_TITLE
from sandbox.telegram.chatbook import default_person, describe_chat
from sandbox.wording import DEFAULT_LANGUAGE, DEFAULT_NAMES, WORDS
from sandbox.world import World

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
STATIC = Path(__file__).resolve().parent / "static"
STATIC_PATH = "/sandbox/static/"
DEFAULT_CHAT_ID = 1001
CHAT_ID = re.compile(r"-?[0-9]{1,16}")
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
    """Serve `/`, `/?chat=<id>&name=<name>&lang=ru|en`, and the static files.

    A group or a channel is `/?chat=-<id>&title=<title>&as=<id of who writes>`.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._engine = Engine(dirs=[str(TEMPLATES)])

    def add_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/", self.show)
        router.add_static(STATIC_PATH, STATIC)

    async def show(self, request: web.Request) -> web.Response:
        language = request.query.get("lang", DEFAULT_LANGUAGE)
        language = language if language in WORDS else DEFAULT_LANGUAGE
        context = Context(self._describe(request.query, language), use_l10n=False, use_tz=False)
        html = self._engine.get_template("sandbox/chat.html").render(context)
        return web.Response(text=html, content_type="text/html", headers=HEADERS)

    def _describe(self, query: Mapping[str, str], language: str) -> JsonObject:
        chat_id = _read_chat_id(query.get("chat", ""))
        person_id = chat_id if chat_id > 0 else _read_person_id(query.get("as", ""))
        person = self._find_person(person_id, query.get("name", ""), language)
        chat = self._find_shared(chat_id, query.get("title", "")) if chat_id < 0 else None
        is_channel = chat is not None and chat["type"] == "channel"
        here = Place(person, chat, language)
        other = Place(person, chat, "en" if language == "ru" else "ru")
        settings = {
            "chat_id": chat_id,
            "chat": chat,
            "is_group": chat is not None and not is_channel,
            "is_channel": is_channel,
            "bot_status": self._world.chats.chats[chat_id].bot_status if is_channel else None,
            "bot_name": self._world.bot["username"],
            "person": person,
            "language": language,
            "words": WORDS[language],
        }
        return {
            "language": language,
            "words": WORDS[language],
            "settings": settings,
            "person": person,
            "people": self._list_people(here),
            "groups": self._list_shared(here, is_channel=False),
            "channels": self._list_shared(here, is_channel=True),
            "next_id": str(self._next_id()),
            "language_link": other.link,
            "private_link": Place(person, None, language).link,
        }

    def _find_person(self, person_id: int, name: str, language: str) -> JsonObject:
        known = self._world.chats.find_person(person_id)
        if known is not None:
            return known
        person = {**default_person(person_id), "language_code": language}
        name = name.strip()[:MAX_NAME]
        if person_id == DEFAULT_CHAT_ID:
            name = name or DEFAULT_NAMES[language]
        return {**person, "first_name": name or person["first_name"]}

    def _find_shared(self, chat_id: int, title: str) -> JsonObject:
        known = self._world.chats.chats.get(chat_id)
        if known is not None:
            return known.description
        described = describe_chat(chat_id, {})
        return {**described, "title": title.strip()[:MAX_TITLE] or described["title"]}

    def _list_people(self, here: Place) -> list[JsonObject]:
        chats = self._world.chats.chats.values()
        default = self._find_person(DEFAULT_CHAT_ID, "", here.language)
        known = {chat.chat_id: chat.person for chat in chats if chat.is_private}
        members = {member["user"]["id"]: member["user"] for chat in chats for member in chat.members.values()}
        current = here.person["id"]
        shown = {DEFAULT_CHAT_ID: default, **members, **known, current: here.person}
        return [
            {
                "id": str(person["id"]),
                "name": person["first_name"],
                "initial": person["first_name"][:1].upper(),
                "link": Place(person, here.chat, here.language).link,
                "is_current": person["id"] == current,
            }
            for person in list(shown.values())[-MAX_SWITCHER:]
        ]

    def _list_shared(self, here: Place, *, is_channel: bool) -> list[JsonObject]:
        """List the groups or the channels, the one that is shown included."""
        chats = [chat for chat in self._world.chats.chats.values() if not chat.is_private]
        known = {chat.chat_id: chat.description for chat in chats}
        every = {**known, here.chat["id"]: here.chat} if here.chat else known
        shown = [one for one in every.values() if (one["type"] == "channel") is is_channel]
        return [
            {
                "name": chat["title"],
                "initial": chat["title"][:1].upper(),
                "link": Place(here.person, chat, here.language).link,
                "is_current": here.chat is not None and chat["id"] == here.chat["id"],
            }
            for chat in shown[-MAX_SWITCHER:]
        ]

    def _next_id(self) -> int:
        known = [chat_id for chat_id in self._world.chats.chats if 0 < chat_id < MAX_CHAT_ID - 1]
        return max([DEFAULT_CHAT_ID, *known]) + 1


@dataclass(frozen=True, slots=True)
class Place:
    """A page: who writes there, in which group or channel (None: in a chat of their own), in which language."""

    person: JsonObject
    chat: JsonObject | None
    language: str

    @property
    def link(self) -> str:
        query = {"chat": self.person["id"], "name": self.person["first_name"]}
        if self.chat is not None:
            query |= {"chat": self.chat["id"], "as": self.person["id"], "title": self.chat["title"]}
        if self.language != DEFAULT_LANGUAGE:
            query["lang"] = self.language
        return "/?" + urlencode(query, errors="replace")


def _read_chat_id(requested: str) -> int:
    """Read a person's, a group's or a channel's id; whatever is none is the first person's."""
    if CHAT_ID.fullmatch(requested) is None or not 0 < abs(int(requested)) < MAX_CHAT_ID:
        return DEFAULT_CHAT_ID
    return int(requested)


def _read_person_id(requested: str) -> int:
    person_id = _read_chat_id(requested)
    return person_id if person_id > 0 else DEFAULT_CHAT_ID
