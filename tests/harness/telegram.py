"""The person's side of the sandbox: write to Butler, read what it answers, order faults."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any, Protocol

import requests

from tests.harness.processes import PATIENCE_S, POLL_S, wait_until

TIMEOUT_S = 60
# What a person's Telegram would say of a file that is sent without a name or a type.
FILES = {
    "voice": ("voice.ogg", "audio/ogg"),
    "audio": ("music.mp3", "audio/mpeg"),
    "photo": ("photo.jpg", "image/jpeg"),
    "video": ("video.mp4", "video/mp4"),
    "video_note": ("note.mp4", "video/mp4"),
    "document": ("file", ""),
}


class Inbox(Protocol):
    """What Butler himself knows of his answers; a chat does not show whether one has come to its end."""

    def is_answered(self, chat_id: int) -> bool: ...

    def find_answer(self, update_id: int) -> list[int]: ...


class SandboxClient:
    """Talks to the control API of a running sandbox; with an `inbox` it can wait for whole answers."""

    def __init__(self, url: str, *, inbox: Inbox | None = None) -> None:
        self.url = url
        self._inbox = inbox
        self._session = requests.Session()
        self._session.trust_env = False

    def close(self) -> None:
        self._session.close()

    def write(
        self, chat_id: int, text: str, *, from_: dict[str, Any] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """Let a person write; returns `update_id` (None where the bot is not), `message_id` and `seq`.

        `from_` is who writes (in a group it needs an `id`), `chat` what is new of the chat; further fields
        are `reply_to_message_id`, `quote` (the part replied to) and `message` (fields of the Message).
        """
        sender = {} if from_ is None else {"from": from_}
        return self.post("messages", {"chat_id": chat_id, "text": text, **sender, **fields})

    def edit(self, chat_id: int, message_id: int, text: str) -> dict[str, Any]:
        """Let a person change the text or caption of their message; returns the same as `write`."""
        return self.post(f"chats/{chat_id}/messages/{message_id}/edit", {"text": text})

    def deliver(self, update: dict[str, Any]) -> dict[str, Any]:
        """Hand an update over as it is."""
        return self.post("updates", update)

    def upload(
        self,
        chat_id: int,
        *,
        kind: str,
        content: bytes,
        name: str | None = None,
        mime_type: str | None = None,
        caption: str = "",
        duration: int = 1,
        media_group_id: str = "",
        reply_to_message_id: int | None = None,
        from_: dict[str, Any] | None = None,
        file_size: int | None = None,
        message: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Let the person send a `voice`, `audio`, `photo`, `video`, `video_note` or `document`.

        `duration` is in seconds; files of one album share a `media_group_id`; `file_size` lets a small file
        pass for one of so many bytes; `message` are fields of the Message. Returns `update_id`, `message_id`,
        `seq` and `file_id`.
        """
        usual_name, usual_type = FILES[kind]
        form = {
            "chat_id": chat_id,
            "kind": kind,
            "caption": caption,
            "duration": duration,
            "media_group_id": media_group_id,
            "reply_to_message_id": reply_to_message_id,
            "from": json.dumps(from_) if from_ else None,
            "file_size": file_size,
            "message": json.dumps(message) if message else None,
        }
        file = (name or usual_name, content, usual_type if mime_type is None else mime_type)
        return self._answer("POST", "uploads", data=form, files={"file": file})

    def press(
        self, chat_id: int, message_id: int, data: str, *, from_: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Let a person press a button; returns `update_id` and `callback_query_id`."""
        body = {"chat_id": chat_id, "message_id": message_id, "data": data}
        return self.post("callbacks", body | ({} if from_ is None else {"from": from_}))

    def keyboard(self, chat_id: int, message_id: int) -> list[list[dict[str, Any]]]:
        """The rows of inline buttons that a message has now."""
        markup = self.message(chat_id, message_id)["reply_markup"] or {}
        rows: list[list[dict[str, Any]]] = markup.get("inline_keyboard", [])
        return rows

    def callback_answers(self, chat_id: int) -> list[dict[str, Any]]:
        """What the bot has answered to presses: `callback_query_id`, `text`, `show_alert`, `url`, `at`."""
        found: list[dict[str, Any]] = self.get(f"chats/{chat_id}/callback_answers")["answers"]
        return found

    def expire_presses(self) -> None:
        """Let every press so far be too old to be answered."""
        self.delete("callbacks")

    def download(self, file_id: str) -> bytes:
        """The content of a file that anybody has sent."""
        response = self._session.get(f"{self.url}/sandbox/api/files/{file_id}", timeout=TIMEOUT_S)
        response.raise_for_status()
        return response.content

    def add_to_group(
        self, chat_id: int, *, title: str, from_: dict[str, Any], status: str = "member"
    ) -> dict[str, Any]:
        """Let a person add the bot to a supergroup, or make it an `administrator`; returns `update_id`."""
        chat = {"id": chat_id, "type": "supergroup", "title": title}
        return self.post(f"chats/{chat_id}/bot", {"status": status, "from": from_, "chat": chat})

    def remove_from_group(self, chat_id: int, *, from_: dict[str, Any]) -> dict[str, Any]:
        """Let a person throw the bot out of a group."""
        return self.post(f"chats/{chat_id}/bot", {"status": "kicked", "from": from_})

    def create_channel(
        self, title: str, *, from_: dict[str, Any], username: str | None = None, chat_id: int | None = None
    ) -> int:
        """Let a person make a channel, a private one without a `username`; returns its number.

        The bot is not in it yet. Without a `chat_id` the number is the next one free.
        """
        body = {"title": title, "from": from_, "username": username, "chat_id": chat_id}
        return int(self.post("channels", body)["chat_id"])

    def add_bot(self, channel_id: int, *, from_: dict[str, Any] | None = None) -> dict[str, Any]:
        """Let the channel's owner, or another person, make the bot an administrator; returns `update_id`."""
        sender = {} if from_ is None else {"from": from_}
        return self.post(f"chats/{channel_id}/bot", {"status": "administrator", **sender})

    def remove_bot(
        self, channel_id: int, *, from_: dict[str, Any] | None = None, status: str = "kicked"
    ) -> dict[str, Any]:
        """Let the channel's owner, or another person, throw the bot out (`left` leaves a way back)."""
        sender = {} if from_ is None else {"from": from_}
        return self.post(f"chats/{channel_id}/bot", {"status": status, **sender})

    def publish(
        self,
        channel_id: int,
        text: str = "",
        *,
        date: datetime | int | None = None,
        author_signature: str | None = None,
        forward_origin: dict[str, Any] | None = None,
        photo: bytes | None = None,
        document: bytes | None = None,
        name: str | None = None,
        media_group_id: str = "",
    ) -> int:
        """Publish a post in a channel, whether the bot is there or not; returns its `message_id`.

        `date` is aware or in Unix seconds, now unless given; `forward_origin` is a MessageOrigin. With a
        `photo` or a `document` (its file's `name`) the text is the caption; an album shares a
        `media_group_id`.
        """
        fields = {
            "date": int(date.timestamp()) if isinstance(date, datetime) else date,
            "author_signature": author_signature,
            "forward_origin": forward_origin,
        }
        message = {field: value for field, value in fields.items() if value is not None}
        content = document if photo is None else photo
        if content is None:
            return int(self.write(channel_id, text, message=message)["message_id"])
        sent = self.upload(
            channel_id,
            kind="document" if photo is None else "photo",
            content=content,
            name=name,
            caption=text,
            media_group_id=media_group_id,
            message=message,
        )
        return int(sent["message_id"])

    def edit_post(self, channel_id: int, message_id: int, text: str) -> dict[str, Any]:
        """Change the text or caption of a post; returns the same as `write`."""
        return self.edit(channel_id, message_id, text)

    def set_member(self, chat_id: int, user: dict[str, Any], status: str = "member") -> None:
        """Make somebody `creator`, `administrator` or `member` of a group, or let them be gone (`left`)."""
        self.post(f"chats/{chat_id}/members", {"user": user, "status": status})

    def block(self, chat_id: int, *, is_blocked: bool = True) -> None:
        """Let the person block the bot, or take the block back."""
        self.post(f"chats/{chat_id}/block", {"blocked": is_blocked})

    def delete_messages(self, chat_id: int) -> None:
        """Let the person delete everything in the chat."""
        self.delete(f"chats/{chat_id}")

    def messages(self, chat_id: int, *, with_deleted: bool = False) -> list[dict[str, Any]]:
        """What the chat shows, oldest first; what is deleted (`deleted_at` is set) only if asked for."""
        found = self.get(f"chats/{chat_id}/messages", deleted=int(with_deleted))["messages"]
        return list(found)

    def message(self, chat_id: int, message_id: int) -> dict[str, Any]:
        """One message, deleted or not. Raises `StopIteration` if there never was one."""
        every = self.messages(chat_id, with_deleted=True)
        return next(message for message in every if message["message_id"] == message_id)

    def commands(self, chat_id: int, *, language: str = "", user_id: int = 0) -> dict[str, str]:
        """The command menu that a person sees: descriptions by command."""
        shown = self.get(f"chats/{chat_id}/commands", lang=language, user_id=user_id)["commands"]
        return {command["command"]: command["description"] for command in shown}

    def answers(self, chat_id: int) -> list[str]:
        """The texts of the bot's messages in a chat, in order."""
        return [message["text"] for message in self.messages(chat_id) if message["from_bot"]]

    def ask(self, chat_id: int, text: str, **fields: Any) -> str:
        """Write, and return the last message of the answer, once it is whole; `fields` as for `write`."""
        assert self._inbox is not None, "only a stack knows what is whole"
        inbox, update_id = self._inbox, self.write(chat_id, text, **fields)["update_id"]
        wait_until(
            lambda: inbox.find_answer(update_id), what=lambda: f"an answer after {self.answers(chat_id)}"
        )
        return str(self.message(chat_id, inbox.find_answer(update_id)[-1])["text"])

    def wait_for_whole_answers(self, chat_id: int, count: int) -> list[str]:
        """Wait until the bot has sent `count` messages in a chat and owes no other there; return their texts."""
        assert self._inbox is not None, "only a stack knows what is whole"
        inbox = self._inbox
        self.wait_for_answers(chat_id, count)
        wait_until(lambda: inbox.is_answered(chat_id), what=lambda: f"an end after {self.answers(chat_id)}")
        return self.answers(chat_id)

    def wait_for_answers(self, chat_id: int, count: int, *, timeout_s: float = PATIENCE_S) -> list[str]:
        """Wait until the bot has sent `count` messages in a chat; return their texts.

        The last may be a draft: an answer that takes longer than a second and a half is shown as it grows.
        """
        deadline = time.monotonic() + timeout_s
        while len(answers := self.answers(chat_id)) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(answers)} of {count} answers after {timeout_s} s: {answers}")
            time.sleep(POLL_S)
        return answers

    def calls(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("calls", **filters)["calls"]
        return found

    def order_fault(self, **fault: Any) -> None:
        self.post("faults", fault)

    def forget_faults(self) -> None:
        self.delete("faults")

    def get(self, path: str, **params: Any) -> Any:
        return self._answer("GET", path, params=params)

    def delete(self, path: str) -> None:
        self._answer("DELETE", path)

    def post(self, path: str, body: Any) -> Any:
        return self._answer("POST", path, json=body)

    def _answer(self, verb: str, path: str, **arguments: Any) -> Any:
        response = self._session.request(
            verb, f"{self.url}/sandbox/api/{path}", timeout=TIMEOUT_S, **arguments
        )
        response.raise_for_status()
        return response.json()
