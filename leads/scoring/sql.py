"""What scoring reckons in the database, the same on PostgreSQL and SQLite.

All of it in double precision: `numeric` powers are eight times as slow, and SQLite has no decimals.
Rounding the sum to nine decimals before the halves are rounded up makes good what that loses, so
that the result is that of decimal arithmetic.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, FloatField, Func, IntegerField, Subquery, Value, Window
from django.db.models.functions import Cast, Least, Power, RowNumber, TruncDate

from leads.conditions import facts
from leads.conditions.moment import Moment, outer

DAY = 86_400
OLDEST = 900  # half-lives; beyond, PostgreSQL raises an underflow where others give 0


class RoundHalfUp(Func):
    """A number that is not negative, rounded to a whole one."""

    arity = 1
    output_field = IntegerField()
    template = "CAST(ROUND(%(expressions)s, 9) + 0.5 AS INTEGER)"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        template = "FLOOR(ROUND((%(expressions)s)::numeric, 9) + 0.5)::integer"
        return super().as_sql(compiler, connection, template=template, **context)


class Total(Func):
    """The sum of its arguments, in one flat row: SQLite cannot read brackets a hundred deep."""

    arg_joiner = " + "
    template = "(%(expressions)s)"
    output_field = FloatField()


class _Epoch(Func):
    """Seconds since 1970 with their fraction. SQLite stores times as text in UTC."""

    arity = 1
    output_field = FloatField()
    template = "DATE_PART('epoch', %(expressions)s)"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        time, params = compiler.compile(self.source_expressions[0])
        seconds, fraction = f"UNIXEPOCH(SUBSTR({time}, 1, 19))", f"CAST('0.' || SUBSTR({time}, 21) AS REAL)"
        return f"({seconds} + {fraction})", [*params, *params]


class _Worth(Subquery):
    """The sum of `amount` over rows, or over those of them whose number `nth` is within a limit."""

    template = "(SELECT COALESCE(SUM(e.amount), 0) FROM (%(subquery)s) e%(limit)s)"


def event_total(kind: str, moment: Moment, half_life_days: float | None, daily_cap: int | None) -> Any:
    """Return what a lead's events of a kind add up to: 1 each, less as they age."""
    rows = facts.events(kind, moment).order_by()
    faded = Value(1.0) if half_life_days is None else _faded(moment, half_life_days)
    if daily_cap is None:
        return _Worth(rows.values(amount=faded), limit="", output_field=FloatField())
    day = TruncDate("at", tzinfo=moment.zone)
    nth = Window(RowNumber(), partition_by=[day], order_by=[F("at"), F("pk")])
    numbered = rows.values(amount=faded, nth=nth)
    return _Worth(numbered, limit=f" WHERE e.nth <= {daily_cap:d}", output_field=FloatField())


def _faded(moment: Moment, half_life_days: float) -> Any:
    at = moment.at
    now = Value(at.timestamp()) if isinstance(at, datetime) else _Epoch(outer(at))
    half_lives = (Cast(now, FloatField()) - _Epoch("at")) / Value(half_life_days * DAY)
    return Power(Value(0.5), Least(half_lives, Value(float(OLDEST))), output_field=FloatField())
