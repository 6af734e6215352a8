"""The vocabulary KPIs are declared in: dimensions, sources, totals and measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from django.db.models import Aggregate, Case, Count, IntegerField, Model, Q, Sum, Value, When
from django.db.models.lookups import LessThanOrEqual

from kpis.functions import Percentiles, seconds_between
from leads.models import Campaign, Channel, LandingPage, User

if TYPE_CHECKING:
    from kpis.board import Board

NONE = "(none)"
FIVE_MINUTES = 300.0  # seconds
BANDS = (
    ("1-10", 1, 10),
    ("11-50", 11, 50),
    ("51-200", 51, 200),
    ("201-500", 201, 500),
    ("501-1000", 501, 1000),
    ("1001-5000", 1001, 5000),
    ("5001+", 5001, None),
)


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """Something to break a figure down by, or filter it with.

    `path` leads from a lead to the column grouped by. Where that is a foreign key, `model`
    and `key` say whose row it is and which of its columns people and bundles know it by.
    """

    slug: str
    label: str
    path: str
    model: type[Model] | None = None
    key: str = ""


DIMENSIONS = {
    dimension.slug: dimension
    for dimension in (
        Dimension(slug="channel", label="Channel", path="channel", model=Channel, key="key"),
        Dimension(slug="campaign", label="Campaign", path="campaign", model=Campaign, key="key"),
        Dimension(
            slug="landing_page", label="Landing page", path="landing_page", model=LandingPage, key="key"
        ),
        Dimension(slug="offer", label="Offer", path="landing_page__offer"),
        Dimension(slug="owner", label="Owner", path="owner", model=User, key="username"),
        Dimension(slug="team", label="Team", path="owner__team__name"),
        Dimension(slug="country", label="Country", path="country"),
        Dimension(slug="industry", label="Industry", path="industry"),
        Dimension(slug="company_size", label="Company size", path="company_size"),
    )
}


def sized(path: str, low: int, high: int | None) -> Q:
    """Return the condition that a company size lies within a band."""
    return Q(**{f"{path}__gte": low}, **({f"{path}__lte": high} if high else {}))


def band(path: str) -> Case:
    """Return the position in BANDS of a company size; null where there is none."""
    whens = (When(sized(path, low, high), then=Value(index)) for index, (_, low, high) in enumerate(BANDS))
    return Case(*whens, default=None, output_field=IntegerField())


@dataclass(frozen=True, kw_only=True)
class Source:
    """One table of facts: how its rows reach their lead and each dimension."""

    slug: str
    label: str  # plural, as in "sessions have no country"
    model: type[Model]
    lead: str | None  # path to the lead; "" if the row is one, None if it stands for itself
    paths: Mapping[str, str] = field(hash=False)  # dimension -> path
    plural: bool = True

    def lacks(self, dimension: str) -> str:
        """Return why a figure of this table can't be cut by a dimension; empty if it can."""
        if dimension in self.paths:
            return ""
        verb = "have" if self.plural else "has"
        return f"{self.label} {verb} no {DIMENSIONS[dimension].label.lower()}"


class Total(Protocol):
    """How the rows of a measure add up."""

    def aggregates(self, board: Board, rows: Q) -> dict[str, Aggregate]:
        """Return what to ask the database, by name."""

    def read(self, row: Mapping[str, Any]) -> Any:
        """Return the answer; an empty row gives the total over nothing."""

    def takes(self) -> Q:
        """Return which rows have something to add."""


@dataclass(frozen=True)
class Counted:
    """The number of rows, or of distinct values of a column."""

    distinct: str = ""

    def aggregates(self, board: Board, rows: Q) -> dict[str, Aggregate]:
        return {"n": Count(self.distinct or "pk", distinct=bool(self.distinct), filter=rows or None)}

    def read(self, row: Mapping[str, Any]) -> int:
        return row.get("n") or 0

    def takes(self) -> Q:
        return Q()


@dataclass(frozen=True)
class Money:
    """A sum in the workspace's currency, and the rows it could not convert."""

    amount: Decimal | None = Decimal(0)
    rows: int = 0
    unrated: int = 0

    def __add__(self, other: Money) -> Money:
        rows, unrated = self.rows + other.rows, self.unrated + other.unrated
        amount = None if unrated and not rows else (self.amount or 0) + (other.amount or Decimal(0))
        return Money(amount, rows, unrated)

    def times(self, factor: Decimal) -> Money:
        return Money(None if self.amount is None else self.amount * factor, self.rows, self.unrated)


@dataclass(frozen=True)
class Summed:
    """A sum of amounts, each converted at the rate of the day it counts.

    `day` is the date or instant of that day; rows without an amount are not summed.
    """

    amount: str
    day: str

    def aggregates(self, board: Board, rows: Q) -> dict[str, Aggregate]:
        rows = rows & self.takes()
        rate = board.rate(self.day)
        return {
            "sum": Sum(board.converted(self.amount, self.day), filter=rows or None),
            "rows": Count(rate, filter=rows or None),
            "all": Count("pk", filter=rows or None),
        }

    def read(self, row: Mapping[str, Any]) -> Money:
        rated, every = row.get("rows") or 0, row.get("all") or 0
        amount = None if every and not rated else Decimal(row.get("sum") or 0)
        return Money(amount, rated, every - rated)

    def takes(self) -> Q:
        return Q(**{f"{self.amount}__isnull": False})


@dataclass(frozen=True)
class Timing:
    """Elapsed seconds over answered leads."""

    answered: int = 0
    seconds: float = 0
    median: float | None = None
    p90: float | None = None
    within_5_minutes: int = 0


@dataclass(frozen=True)
class Timed:
    """Seconds from one column to another, over rows that have both."""

    start: str
    end: str

    def aggregates(self, board: Board, rows: Q) -> dict[str, Aggregate]:
        elapsed = seconds_between(self.start, self.end)
        within = rows & Q(LessThanOrEqual(elapsed, Value(FIVE_MINUTES)))
        return {
            "n": Count("pk", filter=rows or None),
            "sum": Sum(elapsed, filter=rows or None),
            "percentiles": Percentiles(elapsed, (0.5, 0.9), filter=rows or None),
            "within": Count("pk", filter=within),
        }

    def read(self, row: Mapping[str, Any]) -> Timing:
        median, p90 = row.get("percentiles") or (None, None)
        return Timing(row.get("n") or 0, row.get("sum") or 0, median, p90, row.get("within") or 0)

    def takes(self) -> Q:
        return Q(**{f"{self.end}__isnull": False})


def every_row(board: Board) -> Q:
    return Q()


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Which rows, dated by which column, added up how.

    `date` may name a setting's milestone: `qualified_at` or `converted_at`.
    """

    label: str
    source: Source
    date: str
    where: Callable[[Board], Q] = every_row
    total: Total = Counted()
