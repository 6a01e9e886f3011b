"""One answer on its way to a chat: sent once, edited as the text grows, complete at the end, never twice.

An answer that is complete within `QUIET_S` is sent once. A longer one appears with what there is by then and
is edited at most every `EDIT_INTERVAL_S`. The final text is always delivered: `retry_after` is waited for, broken
markup is sent again as plain text, a message that the person deleted is sent anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from botgateway.delivery.splitting import Part, render_parts
from botgateway.delivery.telegram import TelegramClient
from botgateway.domain.buttons import Keyboard
from botgateway.errors import (
    MarkupRejected,
    MessageGone,
    MessageNotModified,
    TelegramError,
    TelegramUnavailable,
    TooManyRequests,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

QUIET_S = 1.5
EDIT_INTERVAL_S = 1.5
NOTHING_VISIBLE = "…"  # for an answer of markup alone: Telegram takes no empty message
TRIES = 4
FIRST_BACKOFF_S = 0.5
LONGEST_WAIT_S = 90.0  # a longer `retry_after` is left to a later attempt
PROBE_SPAN = 16  # ids looked at beyond the newest one known
MOST_PROBES = 1_000  # some minutes of a busy bot


@dataclass(slots=True)
class Shown:
    """A Telegram message of the answer; `html` is None when it is not known what stands in it."""

    message_id: int
    html: str | None
    keyboard: Keyboard = ()


class Answer:
    """The answer to one message.

    `record` stores the ids of the messages as soon as they are known. `shown_ids` are those an earlier attempt
    stored: they are edited. When a message may or may not have been sent, `find_newest_id` is asked for the id of
    the newest message before the answer, and `find_latest_id` for the newest id known of any chat.
    """

    def __init__(
        self,
        client: TelegramClient,
        chat_id: int,
        *,
        record: Callable[[Sequence[int]], None],
        find_newest_id: Callable[[], int],
        find_latest_id: Callable[[], int] = lambda: 0,
        shown_ids: Sequence[int] = (),
        is_repeated: bool = False,
        before_sending: Callable[[], None] = lambda: None,
        reply_to_message_id: int = 0,
    ) -> None:
        self._client = client
        self._chat_id = chat_id
        self._record = record
        self._find_newest_id = find_newest_id
        self._find_latest_id = find_latest_id
        self._probed_until = 0
        self._before_sending = before_sending
        self._reply_to_message_id = reply_to_message_id
        self._preface: list[Part] = []
        self._shown = [Shown(message_id, None) for message_id in shown_ids]
        self._may_be_sent = is_repeated
        self._next_draft_at = time.monotonic() + QUIET_S
        self._refused_until = 0.0

    @property
    def message_ids(self) -> list[int]:
        return [shown.message_id for shown in self._shown]

    def show_draft(self, markdown: str) -> None:
        """Show the text so far, if it is time to; a draft that fails is no loss, the next one or the end follows."""
        if time.monotonic() < self._next_draft_at:
            return
        self._next_draft_at = time.monotonic() + EDIT_INTERVAL_S
        try:
            self._show([*self._preface, *render_parts(markdown)], is_final=False)
        except TooManyRequests as error:
            self._refused_until = self._next_draft_at = time.monotonic() + error.retry_after_s
        except TelegramError as error:
            log.warning("draft not shown", error=type(error).__name__)

    def show_preface(self, markdown: str) -> None:
        """Show messages that come before the answer itself, now: what was heard, what was left out of a file."""
        self._wait_as_told()
        self._preface = render_parts(markdown)
        self._show(self._preface, is_final=True, is_more_to_come=True)

    def deliver(self, markdown: str, keyboard: Keyboard = ()) -> list[int]:
        """Show the whole text, buttons under its end, and return the ids of its messages.

        Raises `TelegramError` after several tries, `TurnLost` if another worker has taken the chat over.
        """
        self._wait_as_told()
        parts = render_parts(markdown) or render_parts(NOTHING_VISIBLE)
        self._show([*self._preface, *parts], is_final=True, keyboard=keyboard)
        return self.message_ids

    def deliver_document(self, content: bytes, *, name: str, caption: str) -> list[int]:
        """Send a file as the answer, unless an earlier attempt has; raises as `deliver` does."""
        if not self._shown:
            self._wait_as_told()
            self._before_sending()
            message_id = self._insist(
                lambda: self._send_document_once(content, name=name, caption=caption), is_final=True
            )
            self._shown.append(Shown(message_id, None))
        return self.message_ids

    def _wait_as_told(self) -> None:
        """Wait out the `retry_after` of a draft that Telegram refused."""
        pause_s = self._refused_until - time.monotonic()
        if pause_s > LONGEST_WAIT_S:
            raise TooManyRequests(pause_s)
        if pause_s > 0:
            time.sleep(pause_s)

    def _show(
        self, parts: list[Part], *, is_final: bool, keyboard: Keyboard = (), is_more_to_come: bool = False
    ) -> None:
        self._before_sending()
        last = len(parts) - 1
        for index, part in enumerate(parts):
            buttons = keyboard if index == last else ()
            if index < len(self._shown):
                self._edit(index, part, buttons, is_final=is_final)
                continue
            self._shown.append(self._send(part, buttons, is_final=is_final))
            if not is_final or is_more_to_come or index < last:
                self._record(self.message_ids)

    def _edit(self, index: int, part: Part, keyboard: Keyboard, *, is_final: bool) -> None:
        shown = self._shown[index]
        if shown.html == part.html and shown.keyboard == keyboard:
            return
        try:
            self._insist(lambda: self._edit_once(shown.message_id, part, keyboard), is_final=is_final)
        except MessageGone:
            if not is_final:
                return
            shown.message_id = self._insist(lambda: self._send_once(part, keyboard), is_final=True)
        shown.html, shown.keyboard = part.html, keyboard

    def _edit_once(self, message_id: int, part: Part, keyboard: Keyboard) -> None:
        edit = partial(self._client.edit_message, self._chat_id, message_id, keyboard=keyboard)
        with suppress(MessageNotModified):
            try:
                edit(part.html, is_html=True)
            except MarkupRejected:
                log.warning("markup rejected, sent as plain text")
                edit(part.plain, is_html=False)

    def _send(self, part: Part, keyboard: Keyboard, *, is_final: bool) -> Shown:
        message_id = self._insist(lambda: self._send_once(part, keyboard), is_final=is_final)
        return Shown(message_id, part.html, keyboard)

    def _send_once(self, part: Part, keyboard: Keyboard) -> int:
        """Send a message, unless an earlier try turns out to have sent it; return its id."""
        if self._may_be_sent and (message_id := self._find_unrecorded_message()) is not None:
            log.info("answer found where an earlier attempt had sent it")
            self._edit_once(message_id, part, keyboard)
        else:
            message_id = self._send_new(lambda: self._send_as_html(part, keyboard))
        self._may_be_sent = False
        return message_id

    def _send_document_once(self, content: bytes, *, name: str, caption: str) -> int:
        if self._may_be_sent and (message_id := self._find_unrecorded_message()) is not None:
            return message_id
        return self._send_new(
            lambda: self._client.send_document(self._chat_id, content, name=name, caption=caption)
        )

    def _send_new(self, send: Callable[[], int]) -> int:
        try:
            return send()
        except TelegramUnavailable:
            self._may_be_sent = True  # the call may have been carried out before the connection broke
            raise

    def _send_as_html(self, part: Part, keyboard: Keyboard) -> int:
        reply_to = 0 if self._shown else self._reply_to_message_id
        send = partial(
            self._client.send_message, self._chat_id, keyboard=keyboard, reply_to_message_id=reply_to
        )
        try:
            return send(part.html, is_html=True)
        except MarkupRejected:
            log.warning("markup rejected, sent as plain text")
            return send(part.plain, is_html=False)

    def _insist(self, call: Callable[[], T], *, is_final: bool) -> T:
        """Make a call, again if that may help; drafts are not insisted on."""
        for attempt in range(TRIES):
            try:
                return call()
            except (TooManyRequests, TelegramUnavailable) as error:
                pause_s = _pause_before_retry(error, attempt)
                if not is_final or attempt + 1 == TRIES or pause_s > LONGEST_WAIT_S:
                    raise
                time.sleep(pause_s)
                self._before_sending()
        raise AssertionError("unreachable")

    def _find_unrecorded_message(self) -> int | None:
        """Return the id of a message of ours that arrived although its id never reached us.

        Ids grow, over all private chats together, so it is the first message of the bot in this chat after the newest
        one that is accounted for. Removing its keyboard tells the bot's messages (done, or «not modified» where there
        is none) from others («can't be edited», «not found»); the edit that follows puts the keyboard back.
        """
        newest_id = max([self._find_newest_id(), self._probed_until, *self.message_ids])
        latest_id = max(self._find_latest_id(), newest_id)
        end = min(latest_id + PROBE_SPAN, newest_id + MOST_PROBES)
        for message_id in range(newest_id + 1, end + 1):
            try:
                with suppress(MessageNotModified):
                    self._client.remove_keyboard(self._chat_id, message_id)
            except MessageGone:
                self._probed_until = min(message_id, latest_id)  # later ids may yet become ours
            else:
                return message_id
        return None


def _pause_before_retry(error: TelegramError, attempt: int) -> float:
    if isinstance(error, TooManyRequests):
        return error.retry_after_s
    return FIRST_BACKOFF_S * 2.0**attempt
