"""Every setting of Butler, read from the environment and from `.env`.

The reference of all variables is `docs/configuration.md`; `.env.example` lists them with their defaults.
A secret can come from a file: `NAME_FILE=/run/secrets/name` stands in for `NAME`.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab

from butler_project.embedded.discovery import find_data_dir, find_wanted, read_endpoints, read_environment
from butler_project.geography import NoGeography
from butler_project.logging import build_logging, configure_structlog
from butler_project.secrets import keep_secret
from butler_project.timetable import read_crontab

BASE_DIR = Path(__file__).resolve().parent.parent

env = read_environment()
wanted = find_wanted(env)


# --- Where things are -----------------------------------------------------------------------------------------

DATA_DIR = find_data_dir(env)
MEDIA_ROOT = BASE_DIR / env.str("MEDIA_ROOT", default=str(DATA_DIR / "media"))
_endpoints = read_endpoints(DATA_DIR)

MONGODB_URL = env.str("MONGODB_URL", default="") or _endpoints.mongodb_url or ""
REDIS_URL = env.str("REDIS_URL", default="") or _endpoints.redis_url or ""
IS_MONGODB_EMBEDDED = wanted.mongodb
IS_REDIS_EMBEDDED = wanted.redis

# --- Django ---------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=IS_MONGODB_EMBEDDED)
IS_PRODUCTION = not DEBUG or not IS_MONGODB_EMBEDDED
SECRET_KEY = env.str("SECRET_KEY", default="") or (
    "" if IS_PRODUCTION else keep_secret(DATA_DIR / "run" / "secret_key")
)
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "butler_project.contrib.apps.MongoAdminConfig",
    "butler_project.contrib.apps.MongoAuthConfig",
    "butler_project.contrib.apps.MongoContentTypesConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_prometheus",
    "butler_project.apps.ButlerProjectConfig",
    "llm.apps.LLMConfig",
    "personalization.apps.PersonalizationConfig",
    "digests.apps.DigestsConfig",
    "botgateway.apps.BotGatewayConfig",
    "observability.apps.ObservabilityConfig",
]
MIGRATION_MODULES = {
    "admin": "butler_project.contrib.admin_migrations",
    "auth": "butler_project.contrib.auth_migrations",
    "contenttypes": "butler_project.contrib.contenttypes_migrations",
}
MIDDLEWARE = [
    "butler_project.middleware.TraceIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "butler_project.urls"
WSGI_APPLICATION = "butler_project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", "русский"), ("en", "English")]  # of the admin site: as the browser asks
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "butler_project.formats"
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Moscow")
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles" if IS_PRODUCTION else None  # collected into the image
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
WHITENOISE_AUTOREFRESH = False
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # HSTS preloading binds the whole domain: the operator's decision

if IS_PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000  # a year, the least that browsers' preload lists accept
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Probes, the scraper and Telegram's own deliveries reach the process inside the perimeter, without TLS.
    SECURE_REDIRECT_EXEMPT = [r"^health", r"^metrics", r"^telegram/"]

# --- MongoDB --------------------------------------------------------------------------------------------------

DATABASE_NAME = urlsplit(MONGODB_URL).path.strip("/")
DATABASES = {
    "default": {
        "ENGINE": "butler_project.database",
        # Nothing listens on port 1: what needs no database still runs (checks, lint), the rest says what is missing.
        "HOST": MONGODB_URL or "mongodb://127.0.0.1:1/",
        "NAME": DATABASE_NAME or "butler",
        "OPTIONS": {
            "serverSelectionTimeoutMS": 3_000,
            "connectTimeoutMS": 3_000,
            "socketTimeoutMS": 20_000,
            "maxPoolSize": 50,
            "retryWrites": not IS_MONGODB_EMBEDDED,  # the embedded server is no replica set
        },
    },
}
DATABASE_ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]
GDAL_LIBRARY_PATH = NoGeography()
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"

# --- Web ------------------------------------------------------------------------------------------------------

WEB_HOST = env.str("WEB_HOST", default="127.0.0.1")
WEB_PORT = env.int("WEB_PORT", default=8000)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576  # bytes; Telegram's updates are some kilobytes

# --- Telegram -------------------------------------------------------------------------------------------------

TELEGRAM_BOT_TOKEN = env.str("TELEGRAM_BOT_TOKEN", default="")
IS_SANDBOX_USED = wanted.sandbox
TELEGRAM_API_URL = env.str("TELEGRAM_API_URL", default="https://api.telegram.org")
if IS_SANDBOX_USED:
    TELEGRAM_BOT_TOKEN = _endpoints.telegram_bot_token or "sandbox:none"
    TELEGRAM_API_URL = _endpoints.telegram_api_url or "http://127.0.0.1:1"
SANDBOX_PORT = env.int("SANDBOX_PORT", default=8081)
WEBHOOK_BASE_URL = env.str("WEBHOOK_BASE_URL", default="")
WEBHOOK_SECRET = env.str("WEBHOOK_SECRET", default="") or keep_secret(DATA_DIR / "run" / "webhook_secret")
ACCESS_POLICY = env.str("ACCESS_POLICY", default="open" if IS_SANDBOX_USED else "approval")
# Where requests and reports go: one chat or several, a person's or a group's.
ADMIN_CHAT_IDS: list[int] = env.list("ADMIN_CHAT_ID", cast=int, default=[])
ADMIN_PASSWORD_HASH = env.str("ADMIN_PASSWORD_HASH", default="")
ADMIN_SESSION_S = env.int("ADMIN_SESSION_S", default=1_800)
# How long the rest of an album, or of a text over Telegram's limit, is waited for.
JOIN_WAIT_S = env.float("JOIN_WAIT_S", default=1.0)

# --- Limits ---------------------------------------------------------------------------------------------------

# Of one person; 0 switches a limit off.
RATE_LIMIT_PER_MINUTE = env.int("RATE_LIMIT_PER_MINUTE", default=20)
DAILY_TOKEN_BUDGET = env.int("DAILY_TOKEN_BUDGET", default=300_000)
# Telegram's own, core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
TELEGRAM_RATE_PER_S = env.float("TELEGRAM_RATE_PER_S", default=30.0)
TELEGRAM_CHAT_RATE_PER_S = env.float("TELEGRAM_CHAT_RATE_PER_S", default=1.0)

# --- Speech ---------------------------------------------------------------------------------------------------

WHISPER_MODEL = env.str("WHISPER_MODEL", default="small")
WHISPER_COMPUTE_TYPE = env.str("WHISPER_COMPUTE_TYPE", default="int8")
SPEECH_MAX_DURATION_S = env.int("SPEECH_MAX_DURATION_S", default=300)
SPEECH_TRANSCRIBER = env.str("SPEECH_TRANSCRIBER", default="botgateway.speech.whisper.build_transcriber")

# --- Memory ---------------------------------------------------------------------------------------------------

PERSONALIZATION_ENABLED = env.bool("PERSONALIZATION_ENABLED", default=True)
MEMORY_CAP = env.int("MEMORY_CAP", default=50)
MEMORY_KEEP_LAST = env.int("MEMORY_KEEP_LAST", default=20)
MEMORY_TTL_DAYS = env.int("MEMORY_TTL_DAYS", default=90)
PROMPT_BUDGET_TOKENS = env.int("PROMPT_BUDGET_TOKENS", default=6_000)

COMPRESSION_CRON = env.str("COMPRESSION_CRON", default="0 2 * * *")
# How many people's memories a nightly run compresses at a time.
COMPRESSION_CONCURRENCY = env.int("COMPRESSION_CONCURRENCY", default=4)

# --- Digests of channels --------------------------------------------------------------------------------------

POST_TTL_DAYS = env.int("POST_TTL_DAYS", default=365)
# The hour of the channel's time zone at which the digest of the day before is written.
DIGEST_HOUR = env.int("DIGEST_HOUR", default=5)
# The hour at which a subscription is delivered unless the person names another.
DIGEST_DELIVERY_HOUR = env.int("DIGEST_DELIVERY_HOUR", default=9)
# How many digests are written at a time.
DIGEST_CONCURRENCY = env.int("DIGEST_CONCURRENCY", default=2)
DIGEST_SWEEP_S = env.float("DIGEST_SWEEP_S", default=300.0)
# Who reviews digests: `<provider>` or `<provider>:<model>`; empty: nobody.
DIGEST_REVIEWER = env.str("DIGEST_REVIEWER", default="")

# --- Language models ------------------------------------------------------------------------------------------

LLM_API_URL = env.str("LLM_API_URL", default="")
LLM_API_KEY = env.str("LLM_API_KEY", default="")
LLM_MODEL = env.str("LLM_MODEL", default="")
LLM_SUPPORTS_IMAGES = env.bool("LLM_SUPPORTS_IMAGES", default=False)
LLM_TIMEOUT_S = env.float("LLM_TIMEOUT_S", default=60.0)
LLM_CONNECT_TIMEOUT_S = env.float("LLM_CONNECT_TIMEOUT_S", default=5.0)
LLM_MAX_ANSWER_TOKENS = env.int("LLM_MAX_ANSWER_TOKENS", default=1_500)
# The house's own model, and those asked in order when a chosen one fails: `<provider>` or `<provider>:<model>` each.
LLM_DEFAULT = env.str("LLM_DEFAULT", default="")
LLM_FALLBACK = env.list("LLM_FALLBACK", default=[])
# After the first attempt, of what is worth it and before the first token; 0 switches it off.
LLM_RETRIES = env.int("LLM_RETRIES", default=2)
# So many failures in a row, and the provider is left alone for the pause; 0 switches it off.
LLM_BREAKER_FAILURES = env.int("LLM_BREAKER_FAILURES", default=5)
LLM_BREAKER_PAUSE_S = env.float("LLM_BREAKER_PAUSE_S", default=30.0)
EXCHANGE_TTL_DAYS = env.int("EXCHANGE_TTL_DAYS", default=90)
REFRESH_CRON = env.str("REFRESH_CRON", default="0 4 * * *")
# What else a provider wants to know it reads by name: adding one adds no line here.
LLM_ENVIRONMENT = partial(env.str, default="")

# --- Celery ---------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or "redis://127.0.0.1:1/0"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "background"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_ROUTES = {"botgateway.answer_chat": {"queue": "replies"}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_STATE_DB = None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3_600,
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
    "health_check_interval": 25,
}
CELERY_TASK_PUBLISH_RETRY = False  # a wake-up call that cannot be sent is made up for by the sweeper
SWEEP_INTERVAL_S = env.float("SWEEP_INTERVAL_S", default=30.0)
# How long an update may be pending before the sweeper hands its chat to a worker (again).
OVERDUE_AFTER_S = env.float("OVERDUE_AFTER_S", default=10.0)
# How long a killed worker's chat waits for the next one; renewed three times in this time.
TURN_LEASE_S = env.float("TURN_LEASE_S", default=10.0)
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "hand-over-forgotten-chats": {
        "task": "botgateway.sweep_inbox",
        "schedule": SWEEP_INTERVAL_S,
        # A sweep that could not run in time is made up for by the next one.
        "options": {"expires": SWEEP_INTERVAL_S},
    },
    "compress-memories": {
        "task": "personalization.compress_memories",
        "schedule": read_crontab("COMPRESSION_CRON", COMPRESSION_CRON),
    },
    "write-digests": {
        "task": "digests.write_due_digests",
        "schedule": DIGEST_SWEEP_S,
        "options": {"expires": DIGEST_SWEEP_S, "queue": "digests"},
    },
    "deliver-digests": {
        "task": "botgateway.deliver_digests",
        "schedule": 60.0,  # nine o'clock is a minute past at the latest
        "options": {"expires": 60.0},
    },
    "compute-figures": {
        "task": "observability.compute_figures",
        "schedule": 300.0,
        "options": {"expires": 300.0},
    },
    "expire-files": {
        "task": "personalization.expire_files",
        "schedule": crontab(hour="4", minute="40"),  # few people are awake
    },
    "refresh-models": {
        "task": "botgateway.refresh_models",
        "schedule": read_crontab("REFRESH_CRON", REFRESH_CRON),
    },
}

# --- Metrics -----------------------------------------------------------------------------------------------

METRICS_HOST = env.str("METRICS_HOST", default="127.0.0.1")
WORKER_METRICS_PORT = env.int("WORKER_METRICS_PORT", default=9101)
READER_METRICS_PORT = env.int("READER_METRICS_PORT", default=9103)  # what the Procfile passes on
BOT_METRICS_PORT = env.int("BOT_METRICS_PORT", default=9102)

# --- Traces ---------------------------------------------------------------------------------------------------

# The share of requests whose spans are kept, and for how long.
TRACE_SAMPLE_RATIO = env.float("TRACE_SAMPLE_RATIO", default=1.0)
SPAN_TTL_DAYS = env.int("SPAN_TTL_DAYS", default=7)
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")

# --- What else is run beside Butler -----------------------------------------------------------------------------

# Roots of the services of an installation; one that is unset is not there. Logs are sent to LOKI_URL.
LOKI_URL = env.str("LOKI_URL", default="")
PROMETHEUS_URL = env.str("PROMETHEUS_URL", default="")
ALERTMANAGER_URL = env.str("ALERTMANAGER_URL", default="")
GRAFANA_URL = env.str("GRAFANA_URL", default="")

# --- Logs -----------------------------------------------------------------------------------------------------

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
LOGGING = build_logging(LOG_LEVEL)
configure_structlog()
