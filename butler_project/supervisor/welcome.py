"""The block that `make run` prints when everything answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from butler_project.embedded.discovery import Wanted
from butler_project.supervisor.preparation import ADMIN_NAME, Prepared

ANSWER_TIMEOUT_S = 3.0
SERVER_ERROR = 500


@dataclass(frozen=True)
class Situation:
    """What was started, and where."""

    wanted: Wanted
    prepared: Prepared
    sandbox_port: int | None
    data_dir: Path

    @property
    def sandbox_url(self) -> str | None:
        return f"http://127.0.0.1:{self.sandbox_port}" if self.sandbox_port else None


def answers(url: str) -> bool:
    """Tell whether a server answers `url`, be it with a refusal: ALLOWED_HOSTS need not name this machine."""
    try:
        urllib.request.urlopen(url, timeout=ANSWER_TIMEOUT_S).close()  # noqa: S310  # nosec B310
    except urllib.error.HTTPError as error:
        with error:
            return error.code < SERVER_ERROR
    except OSError:
        return False
    return True


def compose_welcome(situation: Situation) -> str:
    """Return the block: addresses, what is embedded, how to go on; in Russian and English."""
    rows = [
        ("Butler готов · is ready", "Ctrl-C: остановить · stop"),
        _chat_row(situation),
        ("Админка · Admin", f"{situation.prepared.web_url}/admin/  {_credentials(situation.prepared)}"),
        *_model_rows(situation.prepared),
        *_embedded_rows(situation),
        *[("Внимание · Warning", warning) for warning in situation.prepared.warnings],
        ("Данные · Data", f"{situation.data_dir}  (журналы · logs: log/*.log)"),
        ("Production", ".env (см. · see .env.example), make up (docker compose); README.md"),
    ]
    width = max(len(label) for label, _ in rows)
    rule = "─" * 100
    return "\n".join([rule, *[f" {label.ljust(width)}  {text}" for label, text in rows], rule])


def _chat_row(situation: Situation) -> tuple[str, str]:
    if situation.sandbox_url:
        return "Чат-песочница · Sandbox chat", situation.sandbox_url
    mode = "webhook" if situation.prepared.webhook_base_url else "long polling"
    return "Telegram", f"{_find_bot_name(situation.prepared)} ({mode})"


def _credentials(prepared: Prepared) -> str:
    if prepared.admin_password is None:
        return "(ваш пароль · your own password)"
    return f"{ADMIN_NAME} / {prepared.admin_password}"


def _model_rows(prepared: Prepared) -> list[tuple[str, str]]:
    """Say who answers, if there is anybody but the offline rules."""
    if prepared.is_llm_offline and not prepared.choosable:
        return []
    rows = [("Отвечает · Answers", prepared.answering)]
    if prepared.choosable:
        rows.append(("", f"по выбору · to choose: {', '.join(prepared.choosable)}"))
    if prepared.fallback:
        rows.append(("", f"в запасе · in reserve: {', '.join(prepared.fallback)}"))
    return rows


def _embedded_rows(situation: Situation) -> list[tuple[str, str]]:
    wanted = situation.wanted
    parts = [
        ("MongoDB (SecantusDB)", wanted.mongodb),
        ("Redis", wanted.redis),
        ("модель без ИИ · offline model", situation.prepared.is_llm_offline),
    ]
    names = [name for name, is_embedded in parts if is_embedded]
    if not names:
        return []
    purpose = "для знакомства и разработки · for first runs and development, not for production"
    return [("Встроено · Embedded", ", ".join(names)), ("", purpose)]


def _find_bot_name(prepared: Prepared) -> str:
    """Return the bot's @name, or its number when Telegram does not answer. The token is never shown."""
    url = f"{prepared.telegram_api_url.rstrip('/')}/bot{prepared.telegram_bot_token}/getMe"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_TIMEOUT_S) as response:  # noqa: S310  # nosec B310
            return f"@{json.load(response)['result']['username']}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"bot {prepared.telegram_bot_token.partition(':')[0]}"
