"""What Prometheus asks the web process for."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django_prometheus.exports import ExportToDjangoView

from observability.dataset import dataset_count
from observability.metrics import show_infrastructure


def show_metrics(request: HttpRequest) -> HttpResponse:
    """The metrics of the web process, what the last look at all services came to, and the benchmark's dataset."""
    show_infrastructure()
    dataset_count.show()
    return cast(HttpResponse, ExportToDjangoView(request))
