"""Text compared without case, the same on every database."""

from __future__ import annotations

import sqlite3
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, TextField


class Fold(Func):
    """Text folded as `str.casefold` does it.

    PostgreSQL has the function from a migration, SQLite from `add_to_sqlite`.
    """

    function = "leads_fold"
    arity = 1
    output_field = TextField()


def add_to_sqlite(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Teach a new SQLite connection to fold."""
    if connection.vendor == "sqlite":
        raw: sqlite3.Connection = connection.connection
        raw.create_function("leads_fold", 1, _fold, deterministic=True)


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()
