"""Addresses: admin, webhook, health, metrics."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy

from butler_project import health
from observability.views import show_metrics

admin.site.site_header = "Butler"
admin.site.site_title = "Butler"
admin.site.index_title = gettext_lazy("The house at a glance")

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health", health.show_liveness, name="health"),
    path("health/ready", health.show_readiness, name="health-ready"),
    path("", include("botgateway.urls")),
    path("metrics", show_metrics, name="metrics"),
]
