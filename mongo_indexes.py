"""Index kinds of MongoDB that Django's `Index` cannot express, for the `Meta.indexes` of every app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, models
from pymongo.operations import IndexModel

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class UniqueIndex(models.Index):
    """A unique index over every document.

    The one that the backend makes of a `UniqueConstraint` is partial (`$type`), and a query planner may pass a
    partial index over; this one serves look-ups as well.
    """

    suffix = "uniq"

    def get_pymongo_index_model(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, **kwargs: Any
    ) -> IndexModel:
        plain: IndexModel = super().get_pymongo_index_model(model, schema_editor, **kwargs)  # type: ignore[misc]
        plain.document["unique"] = True
        return plain


class TTLIndex(models.Index):
    """An index on one date field; the server deletes a document `expire_after_s` seconds after that date."""

    suffix = "ttl"

    def __init__(self, *, expire_after_s: int, **kwargs: Any) -> None:
        self.expire_after_s = expire_after_s
        super().__init__(**kwargs)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), {**kwargs, "expire_after_s": self.expire_after_s}

    def get_pymongo_index_model(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, **kwargs: Any
    ) -> IndexModel:
        plain: IndexModel = super().get_pymongo_index_model(model, schema_editor, **kwargs)  # type: ignore[misc]
        plain.document["expireAfterSeconds"] = self.expire_after_s
        return plain


def set_expiry(model: type[models.Model], *, index: str, expire_after_s: int) -> None:
    """Make the server expire a model's documents after so many seconds, if its TTL index says otherwise."""
    collection = connection.get_collection(model._meta.db_table)  # type: ignore[attr-defined]
    found = collection.index_information().get(index)
    if found is None or found.get("expireAfterSeconds") == expire_after_s:
        return
    connection.database.command(  # type: ignore[attr-defined]
        "collMod", collection.name, index={"name": index, "expireAfterSeconds": expire_after_s}
    )
