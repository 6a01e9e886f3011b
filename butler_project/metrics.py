"""Metrics of the admin site's door. No label carries an id."""

from __future__ import annotations

from prometheus_client import Counter

ADMIN_LOGINS = Counter("admin_logins_total", "Tries to log in to the admin site", ["outcome"])

OK, WRONG, REFUSED = "ok", "wrong", "refused"
for _outcome in (OK, WRONG, REFUSED):
    ADMIN_LOGINS.labels(_outcome)  # to Prometheus a series that appears with its first count has not grown
