from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.sse import LARGEST_EVENT_BYTES, EventDecoder, EventTooLarge

EVENTS = ["привет", '{"a": "😀"}', "[DONE]", "two words"]


def decode(pieces: list[bytes]) -> list[bytes]:
    decoder = EventDecoder()
    found = [event for piece in pieces for event in decoder.feed(piece)]
    return found + list(decoder.flush())


@given(st.data(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_events_are_found_however_the_stream_is_split(data: st.DataObject, line_end: str):
    stream = "".join(f": comment{line_end}data: {event}{line_end}{line_end}" for event in EVENTS).encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert decode(pieces) == [event.encode() for event in EVENTS]


def test_lines_of_one_event_are_joined():
    assert decode([b"event: x\ndata:one\ndata: two\nid: 3\n\n"]) == [b"one\ntwo"]


def test_a_last_event_without_its_blank_line_is_not_lost():
    assert decode([b"data: [DONE]"]) == [b"[DONE]"]


def test_an_endless_line_is_refused():
    with pytest.raises(EventTooLarge):
        decode([b"data: " + b"x" * LARGEST_EVENT_BYTES])
