"""What only the database can tell is wrong: duplicates, unknown references, rows of merged leads."""

# ruff: noqa: S608 (names in the SQL come from the declarations, values never do)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from leads.exchange.bundle.files import BY_MODEL, FILES, Column, File, Rule, key_of
from leads.exchange.bundle.problems import LISTED, Problems
from leads.exchange.bundle.staging import fetch, run
from leads.models import Appointment, Lead, Team

LEADS = BY_MODEL[Lead]
APPOINTMENTS = BY_MODEL[Appointment]
MERGED = "bundle_merged"  # the keys of all leads that are merged once the bundle is in


def check(problems: Problems) -> None:
    """Note every staged row that cannot be stored."""
    if problems.incomplete:
        return  # what is missing would only be reported as unknown everywhere
    run(f"CREATE TEMPORARY TABLE {MERGED} AS {_merged()}")
    for file in FILES:
        _check_file(file, problems)
    run(f"DROP TABLE {MERGED}")


def _check_file(file: File, problems: Problems) -> None:
    _Check(file, file.natural[0], problems).duplicates()
    for column in file.columns:
        if column.target and column.target is not Team:
            _Check(file, column.name, problems).references(column)
        if column.target is Lead:
            _Check(file, column.name, problems).merged()
    for rule in file.rules:
        _Check(file, rule.column, problems).rule(rule)
    if file is LEADS:
        _Check(file, "status", problems).survivors()
    if file is APPOINTMENTS:
        _Check(file, "moved_to", problems).moves()


class _Check:
    """Finds bad rows of one file, to be blamed on one column."""

    def __init__(self, file: File, column: str, problems: Problems) -> None:
        self.file = file
        self.column = column
        self.number = [each.name for each in file.columns].index(column)
        self.problems = problems

    def rows(self, condition: str, what: Callable[[Any], str], source: str = "") -> None:
        """Note the staged rows for which the condition holds."""
        found = fetch(
            f'SELECT line, "{self.column}", count(*) OVER () FROM {source or self.file.staging} AS s '
            f"WHERE {condition} ORDER BY line LIMIT {LISTED}"
        )
        if found:
            lines = [(line, what(value)) for line, value, _ in found]
            self.problems.add_all(self.file.name, self.column, self.number, lines, found[0][2])

    def rule(self, rule: Rule) -> None:
        self.rows(f"bad = 0 AND ({rule.broken})", lambda _: rule.what)

    def duplicates(self) -> None:
        names = ", ".join(f'"{name}"' for name in self.file.natural)
        place = f"row_number() OVER (PARTITION BY {names} ORDER BY line) AS place"
        filled = " AND ".join(f'"{name}" IS NOT NULL' for name in self.file.natural)
        what = "is a duplicate id" if self.file.has("id") else "is there for the same date already"
        self.rows(
            f"place > 1 AND {filled}",
            lambda value: f"{value!r} {what}",
            f"(SELECT *, {place} FROM {self.file.staging})",
        )

    def references(self, column: Column) -> None:
        self.rows(_unknown(column.name, column.target), lambda value: f"unknown {_noun(column)} {value!r}")

    def merged(self) -> None:
        self.rows(
            f'"{self.column}" IN (SELECT key FROM {MERGED})',
            lambda value: f"{value!r} is a merged lead; its rows belong to the survivor",
        )

    def survivors(self) -> None:
        """Note leads that are merged now although others, not in the bundle, were merged into them."""
        others = (
            f'SELECT 1 FROM "{LEADS.table}" AS l JOIN "{LEADS.table}" AS m ON m.merged_into_id = l.id '
            f"WHERE l.key = s.id AND NOT EXISTS (SELECT 1 FROM {LEADS.staging} AS x WHERE x.id = m.key)"
        )
        self.rows(
            f"status = 'merged' AND EXISTS ({others})", lambda _: "other leads are merged into this one"
        )

    def moves(self) -> None:
        self.rows(
            f"moved_to_instant IS NULL AND {_unknown('moved_to', Appointment)}",
            lambda value: f"{value!r} is neither an appointment nor a time",
        )


def _unknown(column: str, target: Any) -> str:
    """Return the condition that a filled cell names nothing, in the database or the bundle."""
    known = f'SELECT 1 FROM "{target._meta.db_table}" AS t WHERE t."{key_of(target)}" = s."{column}"'
    coming = f'SELECT 1 FROM {BY_MODEL[target].staging} AS c WHERE c.id = s."{column}"'
    return f"s.\"{column}\" <> '' AND NOT EXISTS ({known}) AND NOT EXISTS ({coming})"


def _noun(column: Column) -> str:
    assert column.target
    return str(column.target._meta.verbose_name)


def _merged() -> str:
    return (
        f"SELECT id AS key FROM {LEADS.staging} WHERE status = 'merged' AND id IS NOT NULL "
        f"UNION SELECT key FROM \"{LEADS.table}\" AS l WHERE status = 'merged' "
        f"AND NOT EXISTS (SELECT 1 FROM {LEADS.staging} AS s WHERE s.id = l.key)"
    )
