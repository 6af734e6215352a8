"""What scoring reckons in the database, the same on PostgreSQL and SQLite.

All of it in double precision: `numeric` powers are eight times as slow, and SQLite has no decimals.
Rounding the sum to eleven decimals before the halves are rounded up makes good what that loses, so
that the result is that of decimal arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F, FloatField, Func, IntegerField, QuerySet, Subquery, TextField, Value, Window
from django.db.models.functions import Cast, RowNumber, TruncDate

from leads.conditions import facts
from leads.conditions.moment import Moment, outer
from leads.models import BehaviourEvent

if TYPE_CHECKING:
    from leads.scoring.model import EventRule

DAY = 86_400
LEAST_LOSS = 1e-8  # points
OLDEST = 900  # half-lives; beyond, PostgreSQL raises an underflow where others give 0


class RoundHalfUp(Func):
    """A number that is not negative, rounded to a whole one."""

    arity = 1
    output_field = IntegerField()
    template = "CAST(ROUND(%(expressions)s, 11) + 0.5 AS INTEGER)"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        template = "FLOOR(ROUND((%(expressions)s)::numeric, 11) + 0.5)::integer"
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


class _Scanned(Func):
    """A column that SQLite does not look for in an index.

    Where it looks one up in a list and the next column of the index in a range, some versions (3.40 of
    Debian 12 among them) find rows beyond the range once the tables have been analysed.
    """

    arity = 1
    output_field = TextField()
    template = "%(expressions)s"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        return super().as_sql(compiler, connection, template="+%(expressions)s", **context)


class EventPoints(Subquery):
    """What rules give for a lead's events, added up: all of them in one look at the events."""

    output_field = FloatField()

    def __init__(self, rules: Sequence[EventRule], moment: Moment, *, felt: bool = False) -> None:
        self.rules = list(rules)
        self.felt = felt
        super().__init__(events(facts.events(moment), self.rules, moment))

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:  # type: ignore[override]
        points, kinds = given(self.rules, connection.vendor, felt=self.felt)
        template = f"(SELECT {points.replace('%', '%%')} FROM (%(subquery)s) e)"  # noqa: S608
        sql, params = super().as_sql(compiler, connection, template=template, **context)
        return sql, [*kinds, *params]


def events(
    rows: QuerySet[BehaviourEvent], rules: Sequence[EventRule], moment: Moment
) -> QuerySet[BehaviourEvent, Any]:
    """Return the events that rules ask for, each with its age and, if a rule asks, its place in its day."""
    columns: dict[str, Any] = {"age": _age(moment)}
    if any(rule.daily_cap is not None for rule in rules):
        day: list[Any] = [F("lead_id"), F("kind"), TruncDate("at", tzinfo=moment.zone)]
        columns["nth"] = Window(RowNumber(), partition_by=day, order_by="at")
    kinds = sorted({rule.kind for rule in rules})
    asked = rows.alias(asked=_Scanned("kind")).filter(asked__in=kinds)
    return asked.order_by().values("lead_id", "kind", **columns)


def given(rules: Sequence[EventRule], vendor: str, *, felt: bool) -> tuple[str, list[str]]:
    """Return the SQL for what rules give for the events `e`, added up, and its parameters."""
    limits = ("MIN", "MAX") if vendor == "sqlite" else ("LEAST", "GREATEST")
    return " + ".join(_points(rule, *limits, felt=felt) for rule in rules), [rule.kind for rule in rules]


def _age(moment: Moment) -> Any:
    """Return the elapsed seconds from an event to the instant."""
    at = moment.at
    now = Value(at.timestamp()) if isinstance(at, datetime) else _Epoch(outer(at))
    return Cast(now, FloatField()) - _Epoch("at")


def _points(rule: EventRule, least: str, greatest: str, *, felt: bool) -> str:
    """Return the SQL for what one rule gives; its parameter is the kind of event.

    A loss never fades away: however small, it keeps a half from being rounded up. Where it must be
    `felt`, in a sum of doubles, it is kept from vanishing.
    """
    first = "" if rule.daily_cap is None else f" AND e.nth <= {rule.daily_cap}"
    fresh = "1"
    if rule.half_life_days is not None:
        fresh = f"POWER(0.5, {least}(e.age / {rule.half_life_days * DAY}, {OLDEST}))"
        if felt and rule.points < 0:
            fresh = f"{greatest}({fresh}, {LEAST_LOSS / -rule.points})"
    total = f"COALESCE(SUM(CASE WHEN e.kind = %s{first} THEN {fresh} END), 0)"
    points = f"CAST({total} AS double precision) * {rule.points}"
    return points if rule.most is None else f"{least}({greatest}({points}, {-rule.most}), {rule.most})"
