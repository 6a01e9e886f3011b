from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BotGatewayConfig(AppConfig):
    name = "botgateway"
    verbose_name = _("Telegram gateway")
