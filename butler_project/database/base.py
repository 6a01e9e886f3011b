from __future__ import annotations

from django_mongodb_backend.base import DatabaseWrapper as MongoDatabaseWrapper
from django_mongodb_backend.operations import DatabaseOperations as MongoDatabaseOperations


class DatabaseOperations(MongoDatabaseOperations):  # type: ignore[misc]
    compiler_module = "butler_project.database.compiler"


class DatabaseWrapper(MongoDatabaseWrapper):  # type: ignore[misc]
    """MongoDB's backend with compilers of our own, which keeps no queries even while DEBUG is on.

    Django would keep the last 9,000 of each process for its debug pages: with what people said in them, and at an
    eighth of a worker's processor time.
    """

    ops_class = DatabaseOperations
    queries_logged = False
