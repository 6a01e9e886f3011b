"""What a log line must not say: words of people, and secrets.

Our own lines are written with that in mind. What is not ours is cut down here: an exception's text may quote what it
could not read, a library's line may hold anything that was handed to the library. Known secrets are masked at last,
wherever they come from.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from structlog.typing import EventDict, WrappedLogger

UNAVAILABLE = 503
WITHHELD = "…"
MASK = "***"
FRAMES_MAX = 40  # of each exception, the innermost: what is further out is the frameworks'
CHAIN_MAX = 5
CODES = (
    "errno",
    "code",
    "error_code",
    "status_code",
)  # as the system, MongoDB, Telegram and models number failures
CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"

# Loggers of libraries that speak of queues, of brokers without their passwords, and of paths of ours, which hold ids.
# Not of Celery's consumer: it quotes whole messages that it cannot read.
TRUSTED = (
    "celery.apps.worker",
    "celery.worker.consumer.connection",
    "django.request",
    "django.security.DisallowedHost",
    "django.security.csrf",
)
# Who calls these is not in the record, they pass lines on; what they say without values are literals.
PASSING_ON = ("gunicorn.error",)

# What Celery's line of a failed task says beside the exception: names of ours, ids, a phrase of its own.
OPEN_FIELDS = {"celery.app.trace": ("name", "id", "description")}

SECRET_NAME = re.compile(r"(_|^)(KEY|TOKEN|SECRET|PASSWORD|HASH)$")
ADDRESS_NAME = re.compile(r"_(URL|ENDPOINT|PROXY)$", re.IGNORECASE)  # proxies are written small as well
HEADERS_NAME = re.compile(r"_HEADERS$")  # `name=value,name=value`, values as in addresses
FILE_SUFFIX = "_FILE"  # `NAME_FILE` names the file that holds NAME
SECRET_MIN_CHARS = 8  # anything shorter is also part of innocent words


class _Link(NamedTuple):
    """One exception of a chain, and what is said between it and the one before."""

    error: BaseException
    link: str


def render_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put kinds and places of an exception into the line, never its text, which may quote anything."""
    error = _find_exception(event.pop("exc_info", None))
    if error is not None:
        event["exception"] = describe_exception(error)
    return event


def describe_exception(error: BaseException) -> str:
    """Return what Python prints of an exception, without the text of any: type, code if it has one, places."""
    return "".join(f"{link}{_describe_one(one)}" for one, link in _list_chain(error)).rstrip()


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Tell whether a record is ours, or a library's warning: below it these show commands and prompts.

    Django calls every 503 an error. We answer so on purpose, and have said as a warning what is away.
    """
    if is_ours(record):
        return True
    if record.name == "django.request" and getattr(record, "status_code", None) == UNAVAILABLE:
        return False
    return record.levelno >= (logging.INFO if _is_trusted(record) else logging.WARNING)


def is_ours(record: logging.LogRecord) -> bool:
    """Tell whether a line was written through structlog, as all of ours are."""
    return hasattr(record, "_logger")


def name_kind(value: object) -> str:
    """Return what a line says of a value that is no JSON: a time or an id itself, of anything else its kind alone."""
    return str(value) if isinstance(value, date | UUID) else type(value).__name__


def withhold_values(record: logging.LogRecord) -> logging.LogRecord:
    """Return a library's record without the texts that were put into its message; numbers stay.

    A message without values stays if it is a literal of the library. Put together, it may hold anything: then only
    its place stays.
    """
    if is_ours(record) or _is_trusted(record):
        return record
    cleaned = logging.makeLogRecord(record.__dict__)
    cleaned.msg, cleaned.args = _fill_template(record), None
    return cleaned


def find_secrets(settings: Any, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the values that no line may hold: of settings, and of variables that other code reads by name."""
    found = [(name, _read_setting(settings, name)) for name in dir(settings) if _is_telling(name)]
    found += [(name, value) for name, value in environment.items() if _is_telling(name)]
    for variable, path in environment.items():
        if variable.endswith(FILE_SUFFIX) and _is_telling(name := variable.removesuffix(FILE_SUFFIX)):
            found.append((name, _read(path)))
    secrets = {secret for name, value in found for secret in _list_secrets(name, value)}
    return sorted(secrets, key=len, reverse=True)  # one may be part of another


def _read_setting(settings: Any, name: str) -> Any:
    try:
        return getattr(settings, name)
    except ImproperlyConfigured:  # an empty SECRET_KEY, which the system checks tell better
        return ""


def build_mask(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds secrets in a line of JSON; None if there are none."""
    written = [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets]
    return re.compile("|".join(map(re.escape, written))) if written else None


def _find_exception(exc_info: object) -> BaseException | None:
    found = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    if isinstance(found, BaseException):
        return found
    return sys.exc_info()[1] if found else None


def _list_chain(error: BaseException) -> list[_Link]:
    """Return an exception and what it came from, the first one first."""
    chain: list[_Link] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(chain) < CHAIN_MAX:
        seen.add(id(current))
        cause, context = current.__cause__, current.__context__
        before = cause or (None if current.__suppress_context__ else context)
        chain.append(_Link(current, "" if before is None else CAUSE if cause else CONTEXT))
        current = before
    return chain[::-1]


def _describe_one(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    codes = ", ".join(_list_codes(error))
    frames = traceback.extract_tb(error.__traceback__, limit=-FRAMES_MAX).format()
    head = ["Traceback (most recent call last):\n"] if frames else []
    inner = [f"  {_describe_one(one).splitlines()[-1]}\n" for one in getattr(error, "exceptions", ())]
    return "".join([*head, *frames, f"{name} ({codes})\n" if codes else f"{name}\n", *inner])


def _list_codes(error: BaseException) -> Iterator[str]:
    for name in CODES:
        try:
            code = getattr(error, name, None)
        except Exception:  # noqa: S112 - a property of somebody else's  # nosec B112
            continue
        if isinstance(code, int):
            yield f"{name} {code}"


def _is_trusted(record: logging.LogRecord) -> bool:
    return any(record.name == name or record.name.startswith(f"{name}.") for name in TRUSTED)


def _fill_template(record: logging.LogRecord) -> str:
    template, args = record.msg, record.args
    if not isinstance(template, str):  # an exception, as a rule
        return type(template).__name__
    if not args:
        return template if _is_literal(record, template) else f"{WITHHELD} ({_find_place(record)})"
    try:
        if isinstance(args, Mapping):
            kept = OPEN_FIELDS.get(record.name, ())
            return template % {
                name: value if name in kept else _withhold(value) for name, value in args.items()
            }
        return template % tuple(map(_withhold, args))
    except (TypeError, ValueError, KeyError):
        return template


def _is_literal(record: logging.LogRecord, text: str) -> bool:
    """Tell whether a text stands, as a whole and in quotes, in the source of who says it."""
    if record.name in PASSING_ON:
        return True
    source = _read(record.pathname)
    return f'"{text}"' in source or f"'{text}'" in source


def _find_place(record: logging.LogRecord) -> str:
    return f"{Path(record.pathname).name}:{record.lineno}"


def _withhold(value: object) -> object:
    return value if isinstance(value, int | float) or value is None else WITHHELD


def _is_telling(name: str) -> bool:
    return any(kind.search(name) for kind in (SECRET_NAME, ADDRESS_NAME, HEADERS_NAME))


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, ValueError):  # where it is needed, the settings say so
        return ""


def _list_secrets(name: str, value: object) -> Iterator[str]:
    if not isinstance(value, str):
        return
    if SECRET_NAME.search(name):
        yield from _if_long(value, quote(value, safe=""))
    elif ADDRESS_NAME.search(name):
        yield from _list_passwords(value)
    elif HEADERS_NAME.search(name):
        yield from _list_header_values(value)


def _list_passwords(address: str) -> Iterator[str]:
    """Return the passwords in an address, as they stand there and as they are."""
    try:
        parts = urlsplit(address)
        password = parts.password or ""
    except ValueError:  # the system checks name a wrong address
        return
    yield from _if_long(password, unquote(password), *parse_qs(parts.query).get("password", ()))


def _list_header_values(headers: str) -> Iterator[str]:
    """Return the values of headers, and what follows a word like Bearer in them."""
    for header in headers.split(","):
        value = header.partition("=")[2].strip()
        yield from _if_long(value, unquote(value), *unquote(value).split(" ")[1:])


def _if_long(*values: str) -> Iterator[str]:
    yield from (value for value in values if len(value) >= SECRET_MIN_CHARS)
