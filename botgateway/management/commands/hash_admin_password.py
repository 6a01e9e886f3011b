"""Make the hash that `ADMIN_PASSWORD_HASH` takes."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Ask for a password twice, or read it from standard input, and print its hash for ADMIN_PASSWORD_HASH."
    requires_system_checks = []  # it may be run to mend the configuration

    def handle(self, *_: Any, **__: Any) -> None:
        password = _ask() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        try:
            validate_password(password)
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from None
        self.stdout.write(make_password(password))
        self.stderr.write("Put it between single quotes: it holds dollar signs.")


def _ask() -> str:
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The passwords differ.")
    return password
