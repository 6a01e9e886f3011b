"""`python -m butler_project.supervisor.preparation`: check, migrate, see to an administrator.

The supervisor runs it as a process of its own and never loads Django itself: what it starts then is forked
from a small process without a database driver's connections and threads. The last line on standard output is
the JSON of `Prepared`; problems go to standard error, with exit status 1.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from pathlib import Path

ADMIN_NAME = "admin"
PASSWORD_BYTES = 12
IPV6 = 6


@dataclass(frozen=True)
class Prepared:
    """What the supervisor has to know of the settings."""

    web_host: str
    web_port: int
    is_llm_offline: bool
    answering: str  # <provider>, or <provider>:<model>: who answers those that have not chosen
    choosable: list[str]  # the other providers
    fallback: list[str]
    webhook_base_url: str
    telegram_api_url: str
    telegram_bot_token: str
    admin_password: str | None  # None: the administrators have passwords of their own
    warnings: list[str]

    @property
    def web_url(self) -> str:
        """Return where this machine reaches the web process."""
        try:
            address = ip_address(self.web_host)
        except ValueError:  # a host's name
            return f"http://{self.web_host}:{self.web_port}"
        is_ipv6 = address.version == IPV6
        if address.is_unspecified:
            address = ip_address("::1" if is_ipv6 else "127.0.0.1")
        return f"http://[{address}]:{self.web_port}" if is_ipv6 else f"http://{address}:{self.web_port}"


def prepare() -> Prepared:
    """Bring the database up to date; raises SystemCheckError when a setting is wrong."""
    from django.conf import settings  # noqa: PLC0415 - Django is set up by main()
    from django.core.management import call_command  # noqa: PLC0415

    from llm.registry import LAST_VENDOR, configured_registry  # noqa: PLC0415
    from llm.route import write_candidate  # noqa: PLC0415

    call_command("check")
    call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    registry = configured_registry()
    house = registry.house.provider.name
    return Prepared(
        web_host=settings.WEB_HOST,
        web_port=settings.WEB_PORT,
        is_llm_offline=house == LAST_VENDOR,
        answering=write_candidate(registry.house),
        choosable=[name for name in registry.all_providers() if name != house],
        fallback=[write_candidate(candidate) for candidate in registry.fallback],
        webhook_base_url=settings.WEBHOOK_BASE_URL or "",
        telegram_api_url=settings.TELEGRAM_API_URL,
        telegram_bot_token=settings.TELEGRAM_BOT_TOKEN,
        admin_password=see_to_admin(settings.DATA_DIR / "run" / "admin_password"),
        warnings=list_warnings(),
    )


def list_warnings() -> list[str]:
    """Return what the checks find amiss without stopping the start, as one line each."""
    from django.core.checks import run_checks  # noqa: PLC0415

    return [" ".join(found.msg.split()) for found in run_checks() if not found.is_silenced()]


def see_to_admin(password_path: Path) -> str | None:
    """Create a superuser if there is none; return the generated password while it is still the valid one.

    The password is kept in `password_path`, readable by its owner only.
    """
    from django.contrib.auth.models import User  # noqa: PLC0415

    if not User.objects.filter(is_superuser=True).exists():
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        password_path.unlink(missing_ok=True)
        password_path.touch(mode=0o600)
        password_path.write_text(f"{password}\n")
        User.objects.create_superuser(ADMIN_NAME, password=password)
        return password
    admin = User.objects.filter(username=ADMIN_NAME).first()
    if admin is None or not password_path.exists():
        return None
    password = password_path.read_text().strip()
    return password if admin.check_password(password) else None


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "butler_project.settings")
    import django  # noqa: PLC0415
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management import CommandError  # noqa: PLC0415

    try:
        django.setup()
        prepared = prepare()
    except (ImproperlyConfigured, CommandError, ValueError) as error:  # a wrong setting: no traceback needed
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(json.dumps(asdict(prepared)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
