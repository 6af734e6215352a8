"""Which staged rows without an id are stored already: as many of equal ones as there are."""

# ruff: noqa: S608 (names in the SQL come from the declarations, values never do)

from __future__ import annotations

from leads.exchange.bundle.files import Column, File
from leads.exchange.bundle.resolving import resolved
from leads.exchange.bundle.staging import exists, run

MATCHED = "bundle_matched"


def match(file: File) -> None:
    """Collect the lines of staged rows that stand for a stored row, in a temporary table.

    A row that leaves the implied column blank stands for one whatever was implied then,
    once those that state it have had theirs.
    """
    run(f"CREATE TEMPORARY TABLE {MATCHED} (line integer PRIMARY KEY)")
    if not exists(f'SELECT 1 FROM "{file.table}" WHERE key IS NULL'):
        return
    content = [column for column in file.columns if column.name != "id"]
    if not file.implied:
        _match(file, content, "s.id IS NULL")
        return
    _match(file, content, f's.id IS NULL AND s."{file.implied}" IS NOT NULL')
    base = [column for column in content if column.name != file.implied]
    taken = resolved(file, f"s.line IN (SELECT line FROM {MATCHED})")
    _match(file, base, f's.id IS NULL AND s."{file.implied}" IS NULL', _weighed(base, -1, taken))


def _match(file: File, content: list[Column], candidates: str, taken: str = "") -> None:
    """Match candidates with stored rows of equal content that are not taken.

    Windows sort where a join would compare, and take no reference for equal to none.
    """
    names = _names(content)
    rows = f"SELECT line, 0 AS weight, {names} FROM ({resolved(file, candidates)}) AS v"
    rows += _weighed(content, 1, f'SELECT * FROM "{file.table}" WHERE key IS NULL') + taken
    place = f"row_number() OVER (PARTITION BY {names} ORDER BY abs(weight), line)"
    held = f"sum(weight) OVER (PARTITION BY {names})"
    run(
        f"INSERT INTO {MATCHED} SELECT line FROM "
        f"(SELECT line, weight, {place} AS place, {held} AS held FROM ({rows}) AS r) AS w "
        f"WHERE weight = 0 AND place <= held"
    )


def _weighed(content: list[Column], weight: int, rows: str) -> str:
    """Return more rows for a UNION: those that may be matched, or those that are."""
    return f" UNION ALL SELECT NULL, {weight}, {_names(content)} FROM ({rows}) AS v"


def _names(content: list[Column]) -> str:
    return ", ".join(f'"{column.stored}"' for column in content)
