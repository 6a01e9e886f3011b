from __future__ import annotations

from django_mongodb_backend.base import DatabaseWrapper as MongoDatabaseWrapper


class DatabaseWrapper(MongoDatabaseWrapper):  # type: ignore[misc]
    """MongoDB's backend, which keeps no queries even while DEBUG is on.

    Django would keep the last 9,000 of each process for its debug pages: with what people said in them, and at an
    eighth of a worker's processor time.
    """

    queries_logged = False
