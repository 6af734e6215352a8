"""Database functions the KPIs need and Django lacks, the same on PostgreSQL and SQLite."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    Aggregate,
    DurationField,
    Expression,
    ExpressionWrapper,
    F,
    Field,
    FloatField,
    Func,
    IntegerField,
)


class Bucket(Func):
    """The number of boundaries at or before a column's value, so 1 is the first bucket."""

    function = "WIDTH_BUCKET"
    output_field = IntegerField()

    def __init__(self, column: Any, boundaries: Sequence[date]) -> None:
        self.boundaries = list(boundaries)
        super().__init__(F(column) if isinstance(column, str) else column)

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, params = compiler.compile(self.source_expressions[0])
        if connection.vendor == "sqlite":
            return f"LEADTRACKER_BUCKET({column}, %s)", [*params, "|".join(map(_stored, self.boundaries))]
        kind = "timestamptz" if isinstance(self.boundaries[0], datetime) else "date"
        return f"WIDTH_BUCKET({column}, %s::{kind}[])", [*params, self.boundaries]


class Percentiles(Aggregate):
    """Continuous percentiles (linear interpolation), as a list in the order asked."""

    template = "PERCENTILE_CONT(ARRAY%(fractions)s::float8[]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = Field()

    def __init__(self, expression: Any, fractions: Sequence[float], **extra: Any) -> None:
        super().__init__(expression, fractions=json.dumps(list(fractions)), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        twin = self.copy()
        twin.template = "LEADTRACKER_PERCENTILES(%(expressions)s, '%(fractions)s')"
        return twin.as_sql(compiler, connection, **context)

    def convert_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Read what SQLite gives as text; PostgreSQL gives a list."""
        return json.loads(value) if isinstance(value, str) else value


class _Epoch(Func):
    """Seconds of an interval, as a float."""

    output_field = FloatField()
    template = "EXTRACT(EPOCH FROM %(expressions)s)::float8"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return super().as_sql(compiler, connection, template="(%(expressions)s / 1e6)", **context)


def seconds_between(start: str, end: str) -> Expression:
    """Return elapsed seconds from one column to another, to the microsecond."""
    return _Epoch(ExpressionWrapper(F(end) - F(start), output_field=DurationField()))


def _stored(value: date) -> str:
    """Return a date or time the way SQLite stores it, which sorts as it reads."""
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return value.isoformat()


@lru_cache(maxsize=64)
def _boundaries(text: str) -> list[str]:
    return text.split("|")


def _bucket(value: str | None, boundaries: str) -> int | None:
    return None if value is None else bisect_right(_boundaries(boundaries), value)


class _SqlitePercentiles:
    """SQLite's side of `Percentiles`."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.fractions: list[float] = []

    def step(self, value: float | None, fractions: str) -> None:
        self.fractions = self.fractions or json.loads(fractions)
        if value is not None:
            self.values.append(value)

    def finalize(self) -> str | None:
        if not self.values:
            return None
        self.values.sort()
        return json.dumps([self._at(fraction) for fraction in self.fractions])

    def _at(self, fraction: float) -> float:
        position = fraction * (len(self.values) - 1)
        low = int(position)
        high = min(low + 1, len(self.values) - 1)
        return self.values[low] + (self.values[high] - self.values[low]) * (position - low)


def add_to_sqlite(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Teach a new SQLite connection the functions PostgreSQL has."""
    if connection.vendor != "sqlite":
        return
    raw: sqlite3.Connection = connection.connection
    raw.create_function("LEADTRACKER_BUCKET", 2, _bucket, deterministic=True)
    raw.create_aggregate("LEADTRACKER_PERCENTILES", 2, _SqlitePercentiles)  # type: ignore[arg-type]
