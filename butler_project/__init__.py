"""Wiring of Butler: settings, addresses, the Celery app, logs, checks and the embedded servers."""
