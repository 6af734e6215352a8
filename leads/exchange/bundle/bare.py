"""Empty tables are filled without their indexes and foreign keys, which are quicker made afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from leads.exchange.bundle.staging import fetch, run

INDEXES = {
    "postgresql": "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
    "WHERE indrelid = %s::regclass AND NOT indisunique",
    "sqlite": "SELECT '\"' || name || '\"', sql FROM sqlite_master "
    "WHERE type = 'index' AND tbl_name = %s AND sql NOT LIKE 'CREATE UNIQUE%%'",
}
FOREIGN_KEYS = (
    "SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE conrelid = %s::regclass AND contype = 'f'"
)


@contextmanager
def bare(table: str) -> Iterator[None]:
    """Lay the indexes and foreign keys of a table aside for as long as the block runs.

    This locks the table and, on PostgreSQL, those it refers to: it is only for a workspace
    that nobody works in yet. What fails in the block fails the transaction, and all is back.
    """
    indexes = fetch(INDEXES[connection.vendor], [table])
    foreign_keys = fetch(FOREIGN_KEYS, [table]) if connection.vendor == "postgresql" else []
    for name, _ in foreign_keys:
        run(f'ALTER TABLE "{table}" DROP CONSTRAINT {name}')
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        run(definition)
    for name, definition in foreign_keys:
        run(f'ALTER TABLE "{table}" ADD CONSTRAINT {name} {definition}')
