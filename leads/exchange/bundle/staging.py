"""Rows on their way in: typed, still with the keys of the bundle, in temporary tables of the database."""

# ruff: noqa: S608 (names in the SQL come from the declarations, values never do)

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import tzinfo
from itertools import islice
from typing import Any

from django.db import connection

from leads.exchange.bundle.cells import Value
from leads.exchange.bundle.files import FILES, File
from leads.exchange.bundle.lines import Rows
from leads.exchange.bundle.problems import Problems
from leads.exchange.bundle.rows import TypedRows
from leads.exchange.bundle.source import Source

Progress = Callable[[str, int], None]

BATCH = 2_000
STEP = 50_000  # rows between two words on the progress


def run(sql: str, params: Sequence[Any] | None = None) -> int:
    """Execute a statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return max(0, int(cursor.rowcount))


def fetch(sql: str, params: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def exists(sql: str) -> bool:
    return bool(fetch(f"SELECT 1 WHERE EXISTS ({sql})"))


def create_tables() -> None:
    for file in FILES:
        run(f"CREATE TEMPORARY TABLE {file.staging} ({', '.join(_definitions(file))})")


def drop_tables() -> None:
    for file in FILES:
        run(f"DROP TABLE {file.staging}")


def _definitions(file: File) -> Iterator[str]:
    """Yield the columns; a default is what a cell stands for in a file without the column."""
    yield "line integer PRIMARY KEY" if connection.vendor == "sqlite" else "line integer"
    yield "bad smallint"
    for column in file.columns:
        kind = "text" if column.target else column.field.db_type(connection)
        yield f'"{column.name}" {kind} DEFAULT {_literal(column.blank)}'
    for companion in file.companions:
        yield f"{companion.name} text DEFAULT {_literal('' if companion.inserted else None)}"


def _literal(blank: str | bool | None) -> str:
    if blank is None or isinstance(blank, bool):
        return "NULL" if blank is None else str(blank)
    return f"'{blank}'"


def stage(file: File, source: Source, zone: tzinfo, problems: Problems, progress: Progress) -> None:
    """Read a file into its staging table, bad rows too: others may refer to them."""
    if not source.has(file.name):
        return
    with source.open(file.name) as stream:
        rows = TypedRows(file, iter(Rows(file.name, stream, problems)), zone, problems)
        if rows.head:
            _write(file.staging, rows.names, _counted(rows, file.name, progress))
            _index(file)


def _counted(rows: Iterable[Sequence[Value]], name: str, progress: Progress) -> Iterator[Sequence[Value]]:
    count = 0
    for count, row in enumerate(rows, 1):
        yield row
        if not count % STEP:
            progress(name, count)
    if count % STEP:
        progress(name, count)


def _write(table: str, names: list[str], rows: Iterator[Sequence[Value]]) -> None:
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        marks = ", ".join(["%s"] * len(names))
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", batch)


def _index(file: File) -> None:
    """Let the database find its way: PostgreSQL hashes what SQLite looks up."""
    if connection.vendor == "postgresql":
        run(f"CREATE INDEX ON {file.staging} USING brin (line)")
        run(f"ANALYZE {file.staging}")
        return
    natural = ", ".join(f'"{name}"' for name in file.natural)
    run(f"CREATE INDEX {file.staging}_key ON {file.staging} ({natural})")
