from __future__ import annotations

from django.urls import path

from botgateway.views import receive_update

WEBHOOK_PATH = "telegram/webhook"

urlpatterns = [path(WEBHOOK_PATH, receive_update, name="telegram-webhook")]
