from __future__ import annotations

from django.apps import AppConfig


class BotGatewayConfig(AppConfig):
    name = "botgateway"
    verbose_name = "Telegram gateway"
