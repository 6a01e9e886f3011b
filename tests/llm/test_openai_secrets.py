"""A key, and what was said, stand in nothing that anybody reads: no log, no error, no representation."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from llm.errors import LLMError
from llm.providers.openai_format.client import SDK_LOGGERS
from tests.llm.conftest import KEY, Vendor, ask, read_stream

QUESTION = "Сколько стоит рояль?"


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """All that any logger says at the lowest level, with its traceback."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    levels = {name: logging.getLogger(name).level for name in (None, *SDK_LOGGERS)}
    logging.getLogger().addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield written
    logging.getLogger().removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def call_in_every_way(vendor: Vendor) -> None:
    """Let calls succeed and fail, and log each failure as a careless caller would."""
    vendor.standin.script(
        {"kind": "status", "status": 401, "code": KEY, "type": KEY, "message": f"bad key {KEY} {QUESTION}"},
        {"kind": "cut_stream"},
        {"kind": "timeout"},
    )
    for _ in range(4):
        for call in (
            lambda: vendor.provider.generate(ask(QUESTION), timeout_s=0.2),
            lambda: read_stream(vendor.provider, QUESTION, timeout_s=0.2),
            vendor.provider.list_models,
        ):
            try:
                call()
            except LLMError:
                logging.getLogger("careless").exception("a call failed by %r", vendor.provider)


def test_neither_key_nor_question_is_logged_by_anybody(vendor: Vendor, everything_logged: io.StringIO):
    call_in_every_way(vendor)

    assert "a call failed by <" in everything_logged.getvalue()
    assert KEY not in everything_logged.getvalue()
    assert QUESTION not in everything_logged.getvalue()


def test_neither_is_logged_by_libraries_that_an_operator_has_turned_up(
    vendor: Vendor, everything_logged: io.StringIO
):
    vendor.provider.warm_up()
    for name in SDK_LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)

    call_in_every_way(vendor)

    assert "HTTP Request" in everything_logged.getvalue()
    assert KEY not in everything_logged.getvalue()
    assert QUESTION not in everything_logged.getvalue()


def test_a_key_stands_in_no_error_and_no_representation(vendor: Vendor):
    vendor.standin.script({"kind": "status", "status": 401, "code": KEY, "message": f"bad key {KEY}"})

    with pytest.raises(LLMError) as caught:
        vendor.provider.generate(ask("?"))

    assert KEY not in f"{caught.value} {caught.value!r} {caught.value.__dict__} {vendor.provider!r}"
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


def test_what_the_environment_holds_for_openai_goes_to_nobody(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
):
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "BASE_URL"):
        monkeypatch.setenv(f"OPENAI_{name}", "https://openais-own.example")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer openais-own")

    vendor.provider.generate(ask("?"))

    (request,) = vendor.standin.requests()
    assert request["headers"]["authorization"] == f"Bearer {KEY}"
    assert "openais-own" not in str(request)
