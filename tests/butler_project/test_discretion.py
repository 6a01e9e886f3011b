"""What lines say of exceptions, what libraries' lines say at all, and that secrets are masked."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import DuplicateKeyError

from butler_project.discretion import (
    CHAIN_MAX,
    build_mask,
    describe_exception,
    find_secrets,
    is_worth_a_line,
    withhold_values,
)
from butler_project.logging import LineFormatter

PRIVATE = "канарейка"
TASK_FAILED = "Task %(name)s[%(id)s] %(description)s: %(exc)s"  # as Celery has it


def catch(act: Callable[[], object]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - of any kind
        act()
    return caught.value


def record(name: str, level: int, message: object, *args: object) -> logging.LogRecord:
    given_args = args[0] if len(args) == 1 and isinstance(args[0], dict) else args
    return logging.LogRecord(name, level, __file__, 1, message, given_args, None)  # type: ignore[arg-type]


def read_quoting() -> None:
    private = PRIVATE
    try:
        int(private)
    except ValueError as error:
        raise RuntimeError(f"cannot read {private}") from error


def test_an_exception_is_described_by_kinds_and_places_alone() -> None:
    error = catch(read_quoting)
    error.add_note(PRIVATE)

    described = describe_exception(error)

    assert PRIVATE not in described
    lines = described.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "ValueError" in lines
    assert lines[-1] == "RuntimeError"
    assert "in read_quoting" in described
    assert "raise RuntimeError" in described
    assert "direct cause" in described


def test_codes_tell_what_kinds_do_not() -> None:
    assert describe_exception(OSError(28, PRIVATE)) == "OSError (errno 28)"
    duplicate = DuplicateKeyError(PRIVATE, 11000, {"keyValue": PRIVATE})
    assert describe_exception(duplicate) == "pymongo.errors.DuplicateKeyError (code 11000)"


def test_what_is_suppressed_endless_or_of_a_group_is_described_as_well() -> None:
    group = ExceptionGroup(PRIVATE, [ValueError(PRIVATE), OSError(28, PRIVATE)])
    first, second = KeyError(PRIVATE), KeyError(PRIVATE)
    first.__context__, second.__context__ = second, first
    deep: BaseException = ValueError(PRIVATE)
    for _ in range(50):
        outer = RuntimeError(PRIVATE)
        outer.__cause__, deep = deep, outer
    hidden = ValueError(PRIVATE)
    hidden.__context__, hidden.__suppress_context__ = KeyError(PRIVATE), True

    assert describe_exception(group).splitlines() == [
        "ExceptionGroup",
        "  ValueError",
        "  OSError (errno 28)",
    ]
    assert describe_exception(first).count("KeyError") == 2
    assert describe_exception(deep).count("RuntimeError") == CHAIN_MAX
    assert describe_exception(hidden) == "ValueError"


def test_a_library_speaks_from_warnings_on_and_the_trusted_from_information_on() -> None:
    spoken = [
        (name, level)
        for name in ("openai", "celery.apps.worker")
        for level in (logging.DEBUG, logging.INFO, logging.WARNING)
        if is_worth_a_line(record(name, level, "x"))
    ]

    assert spoken == [
        ("openai", logging.WARNING),
        ("celery.apps.worker", logging.INFO),
        ("celery.apps.worker", logging.WARNING),
    ]


def test_that_we_said_503_is_no_error_of_its_own() -> None:
    answers = {status: record("django.request", logging.ERROR, "answered") for status in (500, 503)}
    for status, answer in answers.items():
        answer.status_code = status

    assert {status: is_worth_a_line(answer) for status, answer in answers.items()} == {500: True, 503: False}


@pytest.mark.parametrize(
    ("message", "args", "expected"),
    [
        ("plain", (), "plain"),
        ("%s after %d s: %r", (PRIVATE, 5, PRIVATE), "… after 5 s: '…'"),
        ("%(name)s: %(exc)s", ({"name": "x", "exc": PRIVATE},), "…: …"),
        ("%d of %s", (PRIVATE, PRIVATE), "%d of %s"),
        ("too few: %s %s", (PRIVATE,), "too few: %s %s"),
        ("three per cent: 3%", (), "three per cent: 3%"),
        (f"heard {PRIVATE}", (), f"… ({Path(__file__).name}:1)"),
        (str(ValueError(f"of {PRIVATE}")), (), f"… ({Path(__file__).name}:1)"),
        (ValueError(PRIVATE), (), "ValueError"),
        ({"text": PRIVATE}, (), "dict"),
    ],
)
def test_of_a_librarys_line_numbers_stay(message: object, args: tuple[object, ...], expected: str) -> None:
    assert withhold_values(record("some.library", logging.ERROR, message, *args)).getMessage() == expected


def test_what_a_library_has_put_together_is_withheld_where_its_source_is_not_at_hand() -> None:
    of_no_file = logging.LogRecord("some.library", logging.ERROR, "<string>", 7, "plain", None, None)

    assert withhold_values(of_no_file).getMessage() == "… (<string>:7)"


def test_a_failed_task_is_named_and_what_it_failed_of_is_not() -> None:
    told = {
        "name": "app.answer",
        "id": "7f",
        "description": "raised unexpected",
        "exc": PRIVATE,
        "args": PRIVATE,
    }

    said = withhold_values(record("celery.app.trace", logging.ERROR, TASK_FAILED, told))

    assert said.getMessage() == "Task app.answer[7f] raised unexpected: …"


def test_gunicorn_speaks_through_a_method_of_its_own() -> None:
    said = record("gunicorn.error", logging.ERROR, "-".join(["Error", "handling"]))

    assert withhold_values(said).getMessage() == "Error-handling"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("django.security.DisallowedHost", f"of {PRIVATE}"),
        ("django.security.SuspiciousFileOperation", f"… ({Path(__file__).name}:1)"),
        ("celery.worker.consumer.consumer", f"… ({Path(__file__).name}:1)"),
        ("celery.worker.consumer.connection", f"of {PRIVATE}"),
    ],
)
def test_of_what_is_suspicious_or_unread_only_the_place_is_told(name: str, expected: str) -> None:
    assert withhold_values(record(name, logging.ERROR, f"of {PRIVATE}")).getMessage() == expected


def test_the_trusted_say_everything() -> None:
    said = withhold_values(record("django.request", logging.ERROR, "%s: %s", "Not Found", "/x"))

    assert said.getMessage() == "Not Found: /x"


def test_secrets_are_found_in_settings_variables_files_and_addresses(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("of-a-file\n")
    settings = SimpleNamespace(
        SECRET_KEY="of-settings",
        MONGODB_URL="mongodb://u:p%40ssword@host/",
        REDIS_URL="redis://host/0?password=of-a-query",
        SOME_KEY="7",
    )
    environment = {
        "MISTRAL_API_KEY": "of-a-variable",
        "DEEPSEEK_API_KEY_FILE": str(tmp_path / "key"),
        "GEMINI_API_KEY_FILE": "/nowhere",
        "GRAFANA_URL": "http://[broken",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20of-a-header,x-tenant=7",
        "https_proxy": "http://somebody:of-a-proxy@proxy:3128",
        "WEBHOOK_SECRET": "77:of/a/path",
        "HOME": "/home/somebody",
    }

    assert set(find_secrets(settings, environment)) == {
        "of-settings",
        "p%40ssword",
        "p@ssword",
        "of-a-variable",
        "of-a-file",
        "of-a-query",
        "Bearer%20of-a-header",
        "Bearer of-a-header",
        "of-a-header",
        "of-a-proxy",
        "77:of/a/path",
        "77%3Aof%2Fa%2Fpath",
    }


@given(secret=st.text(min_size=8).filter(lambda secret: secret.encode(errors="ignore").decode() == secret))
def test_a_secret_leaves_the_line_and_the_line_stays_json(secret: str) -> None:
    line = LineFormatter([secret]).format(record("django.request", logging.ERROR, f"<{secret}>"))

    assert json.loads(line)["event"] == "<***>"


def test_there_may_be_no_secrets() -> None:
    assert build_mask([]) is None
