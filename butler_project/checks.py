"""System checks: a wrong setting stops the start with a message that names the variable."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.hashers import identify_hasher
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

from butler_project.logging import LEVELS
from llm.provider_settings import InvalidSetting
from llm.registry import check_configuration

ACCESS_POLICIES = ("open", "approval")
URL_SCHEMES = {
    "MONGODB_URL": ("mongodb", "mongodb+srv"),
    "REDIS_URL": ("redis", "rediss", "unix"),
    "TELEGRAM_API_URL": ("http", "https"),
    "LLM_API_URL": ("http", "https"),
    "WEBHOOK_BASE_URL": ("http", "https"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": ("http", "https"),
    "LOKI_URL": ("http", "https"),
    "PROMETHEUS_URL": ("http", "https"),
    "ALERTMANAGER_URL": ("http", "https"),
    "GRAFANA_URL": ("http", "https"),
}
SECRET_KEY_MIN_CHARS = 50
WEBHOOK_SECRET_MAX_CHARS = 256  # core.telegram.org/bots/api#setwebhook
PORT_MAX = 65_535
PORTS = (
    ("WEB_PORT", 1),
    ("SANDBOX_PORT", 1),
    ("WORKER_METRICS_PORT", 0),
    ("READER_METRICS_PORT", 0),
    ("BOT_METRICS_PORT", 0),
)
POSITIVE = (
    "MEMORY_CAP",
    "MEMORY_KEEP_LAST",
    "MEMORY_TTL_DAYS",
    "PROMPT_BUDGET_TOKENS",
    "LLM_TIMEOUT_S",
    "LLM_MAX_ANSWER_TOKENS",
    "LLM_BREAKER_PAUSE_S",
    "EXCHANGE_TTL_DAYS",
    "SPAN_TTL_DAYS",
    "COMPRESSION_CONCURRENCY",
    "POST_TTL_DAYS",
    "DIGEST_CONCURRENCY",
    "DIGEST_SWEEP_S",
    "SWEEP_INTERVAL_S",
    "OVERDUE_AFTER_S",
    "TURN_LEASE_S",
    "ADMIN_SESSION_S",
    "SPEECH_MAX_DURATION_S",
    "TELEGRAM_RATE_PER_S",
    "TELEGRAM_CHAT_RATE_PER_S",
)
HOURS = ("DIGEST_HOUR", "DIGEST_DELIVERY_HOUR")
LAST_HOUR = 23
NOT_NEGATIVE = (
    "JOIN_WAIT_S",
    "RATE_LIMIT_PER_MINUTE",
    "DAILY_TOKEN_BUDGET",
    "LLM_RETRIES",
    "LLM_BREAKER_FAILURES",
)


@register(Tags.security)
def check_production(**_: Any) -> list[CheckMessage]:
    """Refuse development settings on real data."""
    return list(_production_errors())


def _production_errors() -> Iterator[Error]:
    if not settings.IS_PRODUCTION:
        return
    if settings.DEBUG:
        yield Error(
            "DEBUG is on although MONGODB_URL is set.",
            hint="Remove DEBUG or set DEBUG=false: its error pages show people's data.",
            id="butler.E001",
        )
    if len(settings.SECRET_KEY) < SECRET_KEY_MIN_CHARS:
        yield Error(
            f"SECRET_KEY is missing or shorter than {SECRET_KEY_MIN_CHARS} characters.",
            hint="Production (MONGODB_URL set or DEBUG=false) needs one: "
            "python -c 'import secrets; print(secrets.token_urlsafe(64))'",
            id="butler.E002",
        )
    if not settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS is empty.",
            hint="Name the hosts under which the admin and the webhook are reached, separated by commas.",
            id="butler.E003",
        )


@register(Tags.compatibility)
def check_values(**_: Any) -> list[CheckMessage]:
    """Refuse values that could only fail later, and obscurely."""
    parts = (
        _choice_errors(),
        _url_errors(),
        _number_errors(),
        _telegram_errors(),
        _administration_errors(),
        _speech_errors(),
        _trace_errors(),
        _digest_errors(),
        _provider_errors(),
    )
    return [error for part in parts for error in part]


def _provider_errors() -> Iterator[CheckMessage]:
    try:
        left_out = check_configuration()
    except InvalidSetting as error:
        yield Error(str(error), id="butler.E030")
        return
    for vendor, setting in left_out.items():
        yield Warning(f"{setting} is not set: the provider {vendor} is left out.", id="butler.W031")


def _choice_errors() -> Iterator[Error]:
    for name, choices in (("ACCESS_POLICY", ACCESS_POLICIES), ("LOG_LEVEL", LEVELS)):
        if getattr(settings, name) not in choices:
            yield Error(
                f"{name} is {getattr(settings, name)!r}; it can be {', '.join(choices)}.", id="butler.E010"
            )


def _url_errors() -> Iterator[Error]:
    for name, schemes in URL_SCHEMES.items():
        value = getattr(settings, name)
        if value and not _is_address(value, schemes):
            # The value itself may hold a password.
            yield Error(
                f"{name} is no address that begins with {' or '.join(s + '://' for s in schemes)}, "
                "or its port is none.",
                id="butler.E011",
            )


def _is_address(value: str, schemes: tuple[str, ...]) -> bool:
    """Tell whether a value has one of the schemes, and hosts whose ports there are: of MongoDB there may be several."""
    try:
        parts = urlsplit(value)
        hosts = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
        are_hosts = all(host.hostname and host.port != 0 for host in hosts)
    except ValueError:  # brackets that do not close, a port that is no number or above the last
        return False
    return parts.scheme in schemes and (are_hosts or parts.scheme == "unix")


def _number_errors() -> Iterator[Error]:
    for name, lowest in PORTS:
        if not lowest <= getattr(settings, name) <= PORT_MAX:
            yield Error(
                f"{name} is {getattr(settings, name)}; it can be {lowest} to {PORT_MAX}.", id="butler.E012"
            )
    for name in POSITIVE:
        if getattr(settings, name) <= 0:
            yield Error(f"{name} is {getattr(settings, name)}; it must be positive.", id="butler.E013")
    for name in NOT_NEGATIVE:
        if getattr(settings, name) < 0:
            yield Error(f"{name} is {getattr(settings, name)}; it cannot be negative.", id="butler.E015")
    if settings.MEMORY_KEEP_LAST >= settings.MEMORY_CAP:
        yield Error(
            f"MEMORY_KEEP_LAST ({settings.MEMORY_KEEP_LAST}) must be below MEMORY_CAP ({settings.MEMORY_CAP}).",
            id="butler.E014",
        )


def _trace_errors() -> Iterator[Error]:
    if not 0 <= settings.TRACE_SAMPLE_RATIO <= 1:
        yield Error(
            f"TRACE_SAMPLE_RATIO is {settings.TRACE_SAMPLE_RATIO}; it can be 0 to 1.", id="butler.E016"
        )


def _digest_errors() -> Iterator[Error]:
    for name in HOURS:
        if not 0 <= getattr(settings, name) <= LAST_HOUR:
            yield Error(f"{name} is {getattr(settings, name)}; it can be 0 to {LAST_HOUR}.", id="butler.E017")


def _administration_errors() -> Iterator[Error]:
    if not settings.ADMIN_PASSWORD_HASH:
        return
    try:
        identify_hasher(settings.ADMIN_PASSWORD_HASH)
    except ValueError:
        yield Error(
            "ADMIN_PASSWORD_HASH is no hash of a password.",
            hint="Make one: python manage.py hash_admin_password",
            id="butler.E023",
        )


def _speech_errors() -> Iterator[Error]:
    try:
        import_string(settings.SPEECH_TRANSCRIBER)
    except ImportError:
        yield Error(
            f"SPEECH_TRANSCRIBER is {settings.SPEECH_TRANSCRIBER!r}; nothing of this name can be imported.",
            id="butler.E024",
        )


def _telegram_errors() -> Iterator[Error]:
    if settings.IS_SANDBOX_USED and settings.IS_PRODUCTION:
        yield Error(
            "TELEGRAM_BOT_TOKEN is missing: the sandbox is for development and never meets real data.",
            hint="Set it, or leave MONGODB_URL and DEBUG unset.",
            id="butler.E022",
        )
    if not settings.IS_SANDBOX_USED and ":" not in settings.TELEGRAM_BOT_TOKEN:
        yield Error(
            "TELEGRAM_BOT_TOKEN is no token: @BotFather gives them as <number>:<letters>.", id="butler.E020"
        )
    secret = settings.WEBHOOK_SECRET
    allowed = secret.isascii() and secret.replace("_", "").replace("-", "").isalnum()
    if not allowed or len(secret) > WEBHOOK_SECRET_MAX_CHARS:
        yield Error("WEBHOOK_SECRET may hold 1 to 256 of A-Z, a-z, 0-9, _ and -.", id="butler.E021")
