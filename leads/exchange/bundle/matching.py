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
    run(f"CREATE TEMPORARY TABLE {MATCHED} (line integer)")
    if not exists(f'SELECT 1 FROM "{file.table}" WHERE key IS NULL'):
        return
    content = [column for column in file.columns if column.name != "id"]
    implied = next((column for column in content if column.name == file.implied), None)
    if implied:
        _match_blank(file, [column for column in content if column is not implied], implied, content)
    else:
        _match_stated(file, content, "")


def _match_blank(file: File, base: list[Column], implied: Column, content: list[Column]) -> None:
    _match_stated(file, content, f' AND s."{implied.name}" IS NOT NULL')
    taken = (
        f"SELECT {_contents(base)}, count(*) AS taken FROM ({resolved(file)}) AS r "
        f"WHERE r.line IN (SELECT line FROM {MATCHED}) GROUP BY {_places(base)}"
    )
    blank = _ranked(file, base, f' AND s."{implied.name}" IS NULL')
    run(
        f"INSERT INTO {MATCHED} SELECT v.line FROM ({blank}) AS v "
        f"JOIN ({_held(file, base)}) AS h ON {_equal(base, 'v', 'h')} "
        f"LEFT JOIN ({taken}) AS x ON {_equal(base, 'v', 'x')} "
        f"WHERE v.place <= h.held - COALESCE(x.taken, 0)"
    )


def _match_stated(file: File, content: list[Column], where: str) -> None:
    run(
        f"INSERT INTO {MATCHED} SELECT v.line FROM ({_ranked(file, content, where)}) AS v "
        f"JOIN ({_held(file, content)}) AS h ON {_equal(content, 'v', 'h')} WHERE v.place <= h.held"
    )


def _ranked(file: File, columns: list[Column], where: str) -> str:
    """Return staged rows without id, numbered among equal ones."""
    rows = f"SELECT line, {_contents(columns)} FROM ({resolved(file, f's.id IS NULL{where}')}) AS r"
    names = ", ".join(f'"{column.stored}"' for column in columns)
    return f"SELECT *, row_number() OVER (PARTITION BY {names} ORDER BY line) AS place FROM ({rows}) AS n"


def _held(file: File, columns: list[Column]) -> str:
    """Return how many stored rows without id there are of each content."""
    return (
        f'SELECT {_contents(columns)}, count(*) AS held FROM "{file.table}" WHERE key IS NULL '
        f"GROUP BY {_places(columns)}"
    )


def _contents(columns: list[Column]) -> str:
    """Return the columns with 0 for no reference, so that no reference equals none."""
    return ", ".join(
        f'COALESCE("{each.stored}", 0) AS "{each.stored}"' if each.target else f'"{each.stored}"'
        for each in columns
    )


def _places(columns: list[Column]) -> str:
    return ", ".join(str(number) for number, _ in enumerate(columns, 1))


def _equal(columns: list[Column], left: str, right: str) -> str:
    return " AND ".join(f'{left}."{each.stored}" = {right}."{each.stored}"' for each in columns)
