"""The head of a page of figures: period, comparison, basis and filters, all of it in the address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import formats, timezone

from kpis import restating
from kpis.board import Board
from kpis.definitions import DIMENSIONS
from kpis.kinds import Kpi
from kpis.measures import WAITING
from kpis.periods import DAY, Period, bucket_start
from kpis.query import parse
from kpis.report import board_for
from kpis.views.restating import Restating
from leads.models import Workspace

KEPT = ("from", "to", "as_of", "basis", "filter", "attribution", "cost", "restated")
MOST_VERSIONS = 20  # in the menu; others by their number in the address
FIRST_CHIPS = ("channel", "campaign", "landing_page", "owner")


@dataclass(frozen=True)
class Choice:
    """One of several, as a link."""

    label: str
    url: str
    chosen: bool


@dataclass(frozen=True)
class Chip:
    """A dimension one can filter by, and what is chosen of it."""

    slug: str
    label: str
    values: tuple[str, ...]
    options_url: str
    clear_url: str


class Frame:
    """What the address asks for; every link is the same address with one thing changed."""

    def __init__(self, request: HttpRequest) -> None:
        self.workspace = Workspace.current()
        self.path = request.path
        self.now = timezone.now()
        self.today = self.now.astimezone(self.workspace.zone).date()
        self.params = QueryDict(mutable=True)
        for name in KEPT:
            if values := [value for value in request.GET.getlist(name) if value]:
                self.params.setlist(name, values)
        asked = parse(self.asked(), self.workspace)
        self.restating = Restating(asked.restated, self.now)
        self.query = replace(asked, restated=self.restating.shown)

    def asked(self) -> QueryDict:
        """Return the parameters of the report: the last thirty days where no dates are given."""
        asked = self.params.copy()
        if "from" not in asked and "to" not in asked:
            asked["from"], asked["to"] = str(self.today - timedelta(days=29)), str(self.today)
        return asked

    # Links

    def qs(self, **changes: str | list[str] | None) -> str:
        """Return the address's parameters with these changed, or dropped where None."""
        params = self.params.copy()
        for keyword, value in changes.items():
            name = keyword.rstrip("_")
            params.pop(name, None)
            if value is not None:
                params.setlist(name, [value] if isinstance(value, str) else value)
        return f"?{params.urlencode()}"

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Return what a form must carry along to keep the page's choices."""
        return [(name, value) for name, values in self.params.lists() for value in values]

    @property
    def kept(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.pairs if name not in ("from", "to")]

    @property
    def unfiltered(self) -> str:
        return self.qs(filter=None)

    def kpi_url(self, slug: str, **more: str | None) -> str:
        return reverse("kpis:kpi", args=[slug]) + self.qs(**more)

    def late_url(self) -> str:
        """Return the list of the period's leads that are past their SLA."""
        asked = QueryDict(mutable=True)
        asked.update({"response": "late", "from": str(self.query.start), "to": str(self.query.end)})
        for slug in ("channel", "owner"):
            if values := self.query.filters.get(slug):
                asked[slug] = values[0]
        return f"{reverse('leads:list')}?{asked.urlencode()}"

    def panel_url(self, name: str, **more: str | None) -> str:
        return reverse("kpis:panel", args=[name]) + self.qs(**more)

    # Periods

    @cached_property
    def period(self) -> Period:
        return Period(self.query.start, self.query.end, self.workspace.zone)

    @property
    def days(self) -> int:
        return (self.query.end - self.query.start).days + 1

    @property
    def grain(self) -> str:
        """Return the finest grain that still reads as a line."""
        return _grain(self.days, ((45, "day"), (200, "week"), (800, "month")))

    @property
    def fine_grain(self) -> str:
        """Return the grain of a sparkline, which averages neighbours: its edges must not be half empty."""
        return _grain(self.days, ((140, "day"), (1500, "week"), (6000, "month")))

    @cached_property
    def board(self) -> Board:
        return board_for(self.query, self.now)

    @property
    def as_of(self) -> datetime:
        return self.board.as_of

    def reason(self, kpi: Kpi, *by: str) -> str:
        """Return why a KPI can't be had under these filters; empty if it can."""
        return kpi.missing(self.board) or kpi.lacks((*self.query.filters, *by))

    @property
    def label(self) -> str:
        return span(self.period, self.today)

    @property
    def previous_label(self) -> str:
        return span(self.period.previous(), self.today)

    @property
    def comparison(self) -> str:
        return f"vs previous {self.days} days" if self.days > 1 else "vs the day before"

    @property
    def presets(self) -> list[Choice]:
        today = self.today
        starts = (
            ("7 d", today - 6 * DAY),
            ("30 d", today - 29 * DAY),
            ("90 d", today - 89 * DAY),
            ("QTD", bucket_start(today, "quarter")),
            ("12 m", _year_before(today) + DAY),
        )
        return [
            Choice(
                label,
                self.qs(from_=str(start), to=str(today)),
                self.query.start == start and self.query.end == today,
            )
            for label, start in starts
        ]

    @property
    def bases(self) -> list[Choice]:
        return [
            Choice("Period", self.qs(basis=None), self.query.basis == "period"),
            Choice("Cohort", self.qs(basis="cohort"), self.query.basis == "cohort"),
        ]

    @property
    def versions(self) -> list[Choice]:
        """Return how figures that rest on MQL can be judged: as then, or by one version all along."""
        wanted = self.restating.number
        choices = [Choice("As judged then", self.qs(restated=None), wanted is None)]
        return choices + [
            Choice(
                f"Restated under version {version.number}",
                self.qs(restated=str(version.number)),
                version.number == wanted,
            )
            for version in restating.versions()[:MOST_VERSIONS]
        ]

    # Filters

    @property
    def chips(self) -> list[Chip]:
        return [self._chip(slug) for slug in DIMENSIONS if slug in FIRST_CHIPS or slug in self.query.filters]

    @property
    def more_chips(self) -> list[Chip]:
        return [
            self._chip(slug)
            for slug in DIMENSIONS
            if slug not in FIRST_CHIPS and slug not in self.query.filters
        ]

    def _chip(self, slug: str) -> Chip:
        chosen = self.query.filters.get(slug, ())
        url = reverse("kpis:options", args=[slug]) + self.qs(back=self.path)
        return Chip(slug, DIMENSIONS[slug].label, names(slug, chosen), url, self.without_filter(slug))

    def without_filter(self, slug: str) -> str:
        return self.qs(filter=[given for given in self._filters() if given.partition("=")[0] != slug])

    def toggled_filter(self, slug: str, key: str) -> str:
        """Return the address with one value of a filter switched."""
        wanted, given = f"{slug}={key}", self._filters()
        changed = [one for one in given if one != wanted]
        return self.qs(filter=changed if wanted in given else [*given, wanted])

    def _filters(self) -> list[str]:
        return self.params.getlist("filter")


def waiting(frame: Frame) -> QuerySet[Any]:
    """Return the period's leads under an SLA that nobody has answered."""
    return frame.board.rows(WAITING)


def names(slug: str, keys: tuple[str, ...]) -> tuple[str, ...]:
    """Return what people call these values of a dimension."""
    dimension = DIMENSIONS[slug]
    if not dimension.model or not keys:
        return keys
    rows = dimension.model._default_manager.filter(**{f"{dimension.key}__in": keys})
    known = {getattr(row, dimension.key): str(row) for row in rows}
    return tuple(known.get(key, key) for key in keys)


def span(period: Period, today: date) -> str:
    """Write a period: 20 Oct – 18 Nov, with years where they are not this one."""
    first, last = period.first, period.last
    this_year = first.year == last.year == today.year
    shape = "j M" if this_year else "j M Y"
    text = str(formats.date_format(last, shape))
    return text if first == last else f"{formats.date_format(first, shape)} – {text}"


def _grain(days: int, limits: tuple[tuple[int, str], ...]) -> str:
    return next((grain for limit, grain in limits if days <= limit), "quarter")


def _year_before(day: date) -> date:
    return (
        day.replace(year=day.year - 1, day=28)
        if (day.month, day.day) == (2, 29)
        else day.replace(year=day.year - 1)
    )
