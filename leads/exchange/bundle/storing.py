"""Staged rows become rows: set by set, in the database, touching only what differs."""

# ruff: noqa: S608 (names in the SQL come from the declarations, values never do)

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import connection, models

from leads.exchange.bundle import matching
from leads.exchange.bundle.bare import bare
from leads.exchange.bundle.files import BY_MODEL, FILES, File
from leads.exchange.bundle.resolving import first_value, is_complete, next_value, resolved
from leads.exchange.bundle.staging import Progress, exists, fetch, run
from leads.models import Appointment, Lead, Submission, Team, User

BULK = 20_000  # staged rows from which an empty table is filled without its indexes
CHUNK = 500_000  # lines per INSERT, to bound what PostgreSQL queues for its foreign keys
ANALYZE_FROM = 10_000
LOCK = 0x6C656164  # any number, the same for every import
LEADS = BY_MODEL[Lead]
USERS = BY_MODEL[User]
SUBMISSIONS = BY_MODEL[Submission]
APPOINTMENTS = BY_MODEL[Appointment]
RESPONSE_CLOCK = ("sla_policy_id", "response_due_at", "answered_at")


@dataclass(frozen=True)
class Stored:
    """How many rows of a file are new, and how many changed."""

    added: int
    changed: int


def store(at: datetime, key_fields: list[str], progress: Progress) -> dict[str, Stored]:
    """Store every staged row, files in an order in which each finds what it refers to."""
    _settle_users()
    _settle_appointments()
    stored: dict[str, Stored] = {}
    is_fresh = not exists(f'SELECT 1 FROM "{LEADS.table}"')
    for file in FILES:
        table = _Table(file, at, key_fields)
        with bare(file.table) if is_fresh and is_bulk(file) and file is not LEADS else nullcontext():
            stored[file.name] = table.store()
        if file is LEADS:
            _hand_over_rows()
        progress(f"{file.name} stored", stored[file.name].added + stored[file.name].changed)
    return stored


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold off other imports, which would add the same rows, and check each statement as it ends."""
    if connection.vendor == "postgresql":
        run("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        run("SET LOCAL work_mem = '64MB'")
        run("SET CONSTRAINTS ALL IMMEDIATE")
        yield
        run("SET CONSTRAINTS ALL DEFERRED")
    else:
        run("PRAGMA analysis_limit = 1000")
        yield


def leads_aside() -> AbstractContextManager[None]:
    """Fill the leads of a new workspace without indexes, until all that follows is stamped on them too."""
    is_new = is_bulk(LEADS) and not exists(f'SELECT 1 FROM "{LEADS.table}"')
    return bare(LEADS.table) if is_new else nullcontext()


class _Table:
    """Stores the staged rows of one file."""

    def __init__(self, file: File, at: datetime, key_fields: list[str]) -> None:
        self.file = file
        self.key_fields = key_fields
        self.fixed = dict(_fixed(file, at))
        self.is_empty = not exists(f'SELECT 1 FROM "{file.table}"')

    def store(self) -> Stored:
        if self.file.has_optional_id:
            matching.match(self.file)
        added = sum(self._insert(condition) for condition in self.file.passes)
        changed = 0 if self.is_empty else self._update()
        if self.file is SUBMISSIONS:
            added += _add_implied_submissions(self.key_fields)
        if self.file.has_optional_id:
            run(f"DROP TABLE {matching.MATCHED}")
        return Stored(added, changed)

    def _insert(self, condition: str) -> int:
        """Add the rows that are not there yet."""
        values = {
            column.stored: first_value(self.file, column, self.key_fields) for column in self.file.columns
        }
        values |= {each.name: f"v.{each.name}" for each in self.file.companions if each.inserted}
        values |= dict.fromkeys(self.fixed, "%s")
        where = "s.line BETWEEN %s AND %s" + (f" AND {condition}" if condition else "")
        sql = (
            f'INSERT INTO "{self.file.table}" ({_names(values)}) SELECT {", ".join(values.values())} '
            f"FROM ({resolved(self.file, where)}) AS v{self._is_new()}"
        )
        added = sum(run(sql, [*self.fixed.values(), *chunk]) for chunk in _chunks(self.file))
        if added >= ANALYZE_FROM:  # what follows joins this table, the next pass already
            run(f'ANALYZE "{self.file.table}"')
        return added

    def _is_new(self) -> str:
        if self.is_empty:
            return ""
        new = f'NOT EXISTS (SELECT 1 FROM "{self.file.table}" AS t WHERE {self._same()})'
        if self.file.has_optional_id:
            new += f" AND NOT EXISTS (SELECT 1 FROM {matching.MATCHED} AS m WHERE m.line = v.line)"
        return f" WHERE {new}"

    def _update(self) -> int:
        """Change stored rows that differ from the bundle."""
        values = {
            column.stored: next_value(self.file, column)
            for column in self.file.columns
            if column.name not in self.file.natural
        }
        values |= {each.name: f"v.{each.name}" for each in self.file.companions if each.updated}
        differs = " OR ".join(f't."{name}" IS DISTINCT FROM {value}' for name, value in values.items())
        if self.file is LEADS:
            values |= _reset_clock()
        sets = ", ".join(f'"{name}" = {value}' for name, value in values.items())
        return run(
            f'UPDATE "{self.file.table}" AS t SET {sets} FROM ({resolved(self.file)}) AS v '
            f"WHERE {self._same()} AND ({differs})"
        )

    def _same(self) -> str:
        names = [self.file.column(name).stored for name in self.file.natural]
        return " AND ".join(f't."{name}" = v."{name}"' for name in names)


def is_bulk(file: File) -> bool:
    return exists(f"SELECT 1 FROM {file.staging} WHERE line > {BULK}")


def _names(values: dict[str, str]) -> str:
    return ", ".join(f'"{name}"' for name in values)


def _chunks(file: File) -> Iterator[tuple[int, int]]:
    [(last,)] = fetch(f"SELECT COALESCE(max(line), 0) FROM {file.staging}")
    return ((first, first + CHUNK - 1) for first in range(1, last + 1, CHUNK))


def _fixed(file: File, at: datetime) -> Iterator[tuple[str, Any]]:
    """Yield the columns that no bundle fills, with what a new row has in them."""
    filled = {column.stored for column in file.columns} | {companion.name for companion in file.companions}
    for field in file.model._meta.concrete_fields:
        if field.column in filled or field.primary_key or field.null:
            continue
        value = at if isinstance(field, models.DateTimeField) else field.get_default()
        yield str(field.column), field.get_db_prep_save(value, connection)


def _reset_clock() -> dict[str, str]:
    """Have a lead judged anew that was created at another time than was thought."""
    same = "t.created_at = v.created_at"
    clock = {name: f'CASE WHEN {same} THEN t."{name}" END' for name in RESPONSE_CLOCK}
    return {**clock, "sla_judged": f"(t.sla_judged AND {same})"}


def _settle_users() -> None:
    """Create teams, and let no account rise in role or the last admin fall."""
    teams = f'"{Team._meta.db_table}"'
    run(
        f"INSERT INTO {teams} (name) SELECT DISTINCT team FROM {USERS.staging} AS s "
        f"WHERE team IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {teams} AS t WHERE t.name = s.team)"
    )
    own = f'"{USERS.table}" AS t WHERE t.username = s.id'
    run(f"UPDATE {USERS.staging} AS s SET role = t.role FROM {own} AND {_rank('t.role')} < {_rank('s.role')}")
    if not exists(_admin_left()):
        run(f"UPDATE {USERS.staging} AS s SET role = t.role FROM {own} AND t.role = 'admin'")


def _admin_left() -> str:
    """Return a query for an admin after the import; where some can log in, for one of them.

    Whoever comes with the bundle has no password, and must not count more when it is imported again.
    """
    admin = "t.role = 'admin' AND t.is_active"
    able = f"{admin} AND t.password NOT LIKE '{UNUSABLE_PASSWORD_PREFIX}%'"
    stays = f"NOT EXISTS (SELECT 1 FROM {USERS.staging} AS s WHERE s.id = t.username AND s.role <> 'admin')"
    return (
        f'SELECT 1 FROM "{USERS.table}" AS t WHERE {able} AND {stays} UNION ALL SELECT 1 '
        f'WHERE NOT EXISTS (SELECT 1 FROM "{USERS.table}" AS t WHERE {able}) '
        f'AND (EXISTS (SELECT 1 FROM "{USERS.table}" AS t WHERE {admin} AND {stays}) '
        f"OR EXISTS (SELECT 1 FROM {USERS.staging} WHERE role = 'admin'))"
    )


def _rank(role: str) -> str:
    ranks = " ".join(f"WHEN '{name}' THEN {number}" for number, name in enumerate(User.Role.values))
    return f"CASE {role} {ranks} END"


def _settle_appointments() -> None:
    """Take what an appointment was moved to for a time, unless an appointment has it for an id."""
    staging = APPOINTMENTS.staging
    run(
        f"UPDATE {staging} SET moved_to = moved_to_instant WHERE moved_to_instant IS NOT NULL "
        f'AND NOT EXISTS (SELECT 1 FROM "{APPOINTMENTS.table}" AS t WHERE t.key = {staging}.moved_to) '
        f"AND NOT EXISTS (SELECT 1 FROM {staging} AS c WHERE c.id = {staging}.moved_to)"
    )


def _hand_over_rows() -> None:
    """Give what hangs on leads that are merged now to the leads they were merged into."""
    if not exists(f"SELECT 1 FROM {LEADS.staging} WHERE status = 'merged'"):
        return
    for relation in Lead._meta.related_objects:
        if relation.related_model is not Lead:
            table, column = relation.related_model._meta.db_table, relation.field.column
            run(
                f'UPDATE "{table}" AS t SET "{column}" = l.merged_into_id FROM "{LEADS.table}" AS l '
                f'WHERE l.id = t."{column}" AND l.merged_into_id IS NOT NULL'
            )


def _add_implied_submissions(key_fields: list[str]) -> int:
    """Add the one submission of every lead of the bundle that came without a row."""
    return run(
        f'INSERT INTO "{SUBMISSIONS.table}" (lead_id, at, landing_page_id, complete) '
        f"SELECT l.id, l.created_at, l.landing_page_id, {is_complete(key_fields)} "
        f'FROM {LEADS.staging} AS s JOIN "{LEADS.table}" AS l ON l.key = s.id '
        f'LEFT JOIN "{SUBMISSIONS.table}" AS t ON t.lead_id = l.id '
        f"WHERE l.status <> 'merged' AND t.id IS NULL"
    )
