"""One answer on its way to a chat: sent once, edited as the text grows, complete at the end, never twice.

An answer that is complete within `QUIET_S` is sent once. A longer one appears with what there is by then and
is edited at most every `EDIT_INTERVAL_S`, when Telegram's limits leave room. The final text is always delivered:
broken markup is sent again as plain text, a message that the person deleted is sent anew. What Telegram's limits or
its `retry_after` put off is not waited for: `SendLater` says when to come back, and what to come back with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import TypeVar

import structlog
from redis.exceptions import RedisError

import tracing
from botgateway import metrics
from botgateway.delivery import pace
from botgateway.delivery.kept import Kept, mark_of, read_kept, write_kept
from botgateway.delivery.splitting import Part, render_parts
from botgateway.delivery.telegram import TelegramClient
from botgateway.domain.buttons import Keyboard
from botgateway.errors import (
    MarkupRejected,
    MessageGone,
    MessageNotModified,
    SendLater,
    TelegramError,
    TelegramUnavailable,
    TooManyRequests,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

QUIET_S = 1.5
EDIT_INTERVAL_S = 1.5
DRAFT_PAUSE_S = 0.3  # before a draft asks for a free place again
NOTHING_VISIBLE = "…"  # for an answer of markup alone: Telegram takes no empty message
FIRST_BACKOFF_S = 0.5
INSIST_S = 2.0  # what is away for longer is an outage, which a later attempt sits out
PROBE_SPAN = 16  # ids looked at beyond the newest one known
MOST_PROBES = 1_000  # some minutes of a busy bot


@dataclass(slots=True)
class Shown:
    """A Telegram message of the answer; `mark` is empty when it is not known what stands in it."""

    message_id: int
    mark: str = ""


class Answer:
    """The answer to one message.

    `record` stores the ids of the messages as soon as they are known. `shown_ids` are those an earlier attempt
    stored: they are edited. `kept` is what an earlier `SendLater` left to go on with. When a message may or may not
    have been sent, `find_newest_id` is asked for the id of the newest message before the answer, and `find_latest_id`
    for the newest id known of any chat.
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
        kept: str = "",
        take_place: Callable[[int], pace.Place] = pace.take_place,
    ) -> None:
        self._client = client
        self._chat_id = chat_id
        self._record = record
        self._find_newest_id = find_newest_id
        self._find_latest_id = find_latest_id
        self._probed_until = 0
        self._before_sending = before_sending
        self._take_due_place = take_place
        self._reply_to_message_id = reply_to_message_id
        self._preface = self._whole = ""
        self._kept = read_kept(kept)
        marks = chain(self._kept.marks, repeat(""))
        self._shown = [Shown(message_id, mark) for message_id, mark in zip(shown_ids, marks, strict=False)]
        self._may_be_sent = is_repeated
        self._drafts = 0
        self._next_draft_at = time.monotonic() + QUIET_S

    @property
    def message_ids(self) -> list[int]:
        return [shown.message_id for shown in self._shown]

    def show_draft(self, markdown: str) -> None:
        """Show the text so far, if it is time to; a draft that fails is no loss, the next one or the end follows."""
        if time.monotonic() < self._next_draft_at:
            return
        self._next_draft_at = time.monotonic() + EDIT_INTERVAL_S
        try:
            self._show([*render_parts(self._preface), *render_parts(markdown)], is_final=False)
            self._drafts += 1
        except SendLater as later:
            self._next_draft_at = time.monotonic() + max(later.delay_s, DRAFT_PAUSE_S)
        except (TelegramError, RedisError) as error:
            log.warning("draft not shown", error=type(error).__name__)

    def show_preface(self, markdown: str) -> None:
        """Show messages that come before the answer itself, now: what was heard, what was left out of a file."""
        self._preface = markdown
        self._show(render_parts(markdown), is_final=True, is_more_to_come=True)

    def deliver(self, markdown: str, keyboard: Keyboard = (), *, is_costly: bool = False) -> list[int]:
        """Show the whole text, buttons under its end, and return the ids of its messages.

        A text that `is_costly` to make again is kept if it has to wait; for any other the handler runs again.
        Raises `SendLater`, other `TelegramError` after several tries, `TurnLost` if another worker has the chat.
        """
        self._whole = (markdown or NOTHING_VISIBLE) if is_costly else ""
        parts = render_parts(markdown) or render_parts(NOTHING_VISIBLE)
        tracing.note(drafts=self._drafts, parts=len(parts))
        self._show([*render_parts(self._preface), *parts], is_final=True, keyboard=keyboard)
        return self.message_ids

    def deliver_kept(self) -> list[int] | None:
        """Show the text that an earlier attempt had complete, as `deliver` does; None if there is none."""
        if not self._kept.text:
            return None
        self._preface = self._kept.preface
        return self.deliver(self._kept.text, is_costly=True)

    def deliver_document(self, content: bytes, *, name: str, caption: str) -> list[int]:
        """Send a file as the answer, unless an earlier attempt has; raises as `deliver` does."""
        if not self._shown:
            send = partial(self._send_document_once, content, name=name, caption=caption)
            self._shown.append(Shown(self._insist("send document", send, is_final=True)))
        return self.message_ids

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
        shown, mark = self._shown[index], mark_of(part.html, keyboard)
        if shown.mark == mark:
            return
        try:
            edit = partial(self._edit_once, shown.message_id, part, keyboard)
            self._insist("edit message", edit, is_final=is_final)
        except MessageGone:
            if not is_final:
                return
            # In the place of the edit: an attempt that had to wait for another one would begin with this edit again.
            send = partial(self._send_once, part, keyboard)
            shown.message_id = self._insist("send message", send, is_final=True, has_place=True)
        shown.mark = mark

    def _edit_once(self, message_id: int, part: Part, keyboard: Keyboard) -> None:
        edit = partial(self._client.edit_message, self._chat_id, message_id, keyboard=keyboard)
        with suppress(MessageNotModified):
            try:
                edit(part.html, is_html=True)
            except MarkupRejected:
                log.warning("markup rejected, sent as plain text")
                edit(part.plain, is_html=False)

    def _send(self, part: Part, keyboard: Keyboard, *, is_final: bool) -> Shown:
        send = partial(self._send_once, part, keyboard)
        message_id = self._insist("send message", send, is_final=is_final)
        return Shown(message_id, mark_of(part.html, keyboard))

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

    def _insist(self, step: str, call: Callable[[], T], *, is_final: bool, has_place: bool = False) -> T:
        """Make a call as a step of its own; drafts are too many for that, they are counted."""
        if not is_final:
            return self._call(call, is_final=False)
        with tracing.span(step, expected=(MessageGone, SendLater)):
            return self._call(call, is_final=True, has_place=has_place)

    def _call(self, call: Callable[[], T], *, is_final: bool, has_place: bool = False) -> T:
        """Make a call in its place among all, again if that may help; drafts are not insisted on."""
        if not has_place:
            self._take_place(is_final=is_final)
        give_up_at = time.monotonic() + INSIST_S
        pause_s = FIRST_BACKOFF_S
        while True:
            self._before_sending()  # after the wait: the lease may have run out in it
            try:
                return call()
            except TooManyRequests as error:
                raise self._put_off(error) from error
            except TelegramUnavailable:
                if not is_final or time.monotonic() + pause_s > give_up_at:
                    raise
            time.sleep(pause_s)
            pause_s *= 2

    def _take_place(self, *, is_final: bool) -> None:
        """Wait for a place that comes soon. Raises `SendLater` for one that does not, or is not free for a draft."""
        try:
            place = (self._take_due_place if is_final else pace.take_free_place)(self._chat_id)
        except RedisError as error:
            if not is_final:
                raise
            # Without Redis no turn begins, so there are only a few such answers to be finished.
            log.warning("sent without a place", chat_id=self._chat_id, error=type(error).__name__)
            return
        if not place.is_taken:
            if is_final:
                metrics.DEFERRED_SENDS.inc()
            raise self._later(place.wait_s)
        if place.wait_s:
            time.sleep(place.wait_s)

    def _put_off(self, error: TooManyRequests) -> SendLater:
        """Let every process know what Telegram asks for."""
        log.warning("telegram asks to wait", chat_id=self._chat_id, seconds=error.retry_after_s)
        with suppress(RedisError):
            pace.note_refusal(self._chat_id, error.retry_after_s)
        return self._later(error.retry_after_s)

    def _later(self, delay_s: float) -> SendLater:
        kept = Kept(text=self._whole, preface=self._preface, marks=tuple(shown.mark for shown in self._shown))
        return SendLater(delay_s, kept=write_kept(kept), may_be_sent=self._may_be_sent)

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
