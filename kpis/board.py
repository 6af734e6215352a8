"""The only place where a declaration becomes SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DecimalField,
    Expression,
    ExpressionWrapper,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, TruncDate

from kpis.definitions import BANDS, DIMENSIONS, NONE, Dimension, Measure, Source, band, sized
from kpis.functions import Bucket
from kpis.measures import LEAD, LEADS, SPEND
from kpis.periods import GRAINS, MOMENT, Period, move_days
from kpis.periods import Bucket as PeriodBucket
from leads import scoring
from leads.models import DefinitionSet, ExchangeRate, Lead, Replay, Workspace

Key = tuple[Any, ...]
RESTATED = "restated__mql_at"  # when the replayed version would have made the lead MQL
RATE = DecimalField(max_digits=30, decimal_places=18)
CONVERTED = DecimalField(max_digits=54, decimal_places=30)


@dataclass(frozen=True)
class Labels:
    """The rows of a dimension's table: what people call them by what SQL groups by."""

    keys: Mapping[Any, str]
    names: Mapping[str, str]


@dataclass(kw_only=True)
class Board:
    """Totals of measures for one period, seen from one instant, through one set of filters.

    `live` says that the instant is now, so that stored scores serve. All `measures` of the
    same table and date column are asked for in one query, so a further KPI costs none.
    `restated` puts what a replayed version makes MQL in place of what was made MQL.
    """

    workspace: Workspace
    definitions: DefinitionSet
    period: Period
    as_of: datetime
    live: bool = False
    basis: str = "period"
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    attribution: str = Workspace.Attribution.LEAD_SOURCE
    cost: str = "shared"
    restated: Replay | None = None
    measures: frozenset[Measure] = frozenset()
    _totals: dict[tuple[Measure, Key], dict[Key, Any]] = field(default_factory=dict, init=False)
    _labels: dict[str, Labels] = field(default_factory=dict)  # go along to boards made from this one
    _buckets: dict[str, list[PeriodBucket]] = field(default_factory=dict, init=False)
    _siblings: dict[str, Board] = field(default_factory=dict, init=False)

    # Other boards beside this one

    def over(self, period: Period) -> Board:
        return replace(self, period=period)

    def previous(self) -> Board:
        """Return the board of the previous period, its instant moved back where it must be."""
        period = self.period.previous()
        running = self.period.start <= self.as_of < self.period.end
        if not (running or self.basis == "cohort"):
            return self.over(period)
        days = (self.period.first - period.first).days
        as_of = move_days(self.as_of, days, self.period.zone)
        return replace(self, period=period, as_of=as_of, live=False)

    def without(self, dimension: str) -> Board:
        """Return the board without one filter, itself if it has none such."""
        if dimension not in self.filters:
            return self
        if dimension not in self._siblings:
            filters = {name: values for name, values in self.filters.items() if name != dimension}
            self._siblings[dimension] = replace(self, filters=filters)
        return self._siblings[dimension]

    def narrowed(self, dimension: str, *keys: str) -> Board:
        """Return the board with one more filter."""
        return replace(self, filters={**self.filters, dimension: tuple(dict.fromkeys(keys))})

    # Totals

    def totals(self, measure: Measure, axes: Key = (), *, alone: bool = False) -> dict[Key, Any]:
        """Return the measure's total per key of the axes; without axes, the one under ().

        An axis is a dimension, whose keys are what bundles call its rows, or a grain, whose
        keys are positions in `buckets`. `alone` asks for no other measure by the way.
        """
        if (measure, axes) not in self._totals:
            together = [
                other
                for other in self.measures | {measure}
                if (other.source, self.column(other.date)) == (measure.source, self.column(measure.date))
            ]
            self._query([measure] if alone or measure not in self.measures else together, axes)
        return self._totals[measure, axes]

    def total(self, measure: Measure) -> Any:
        return self.totals(measure)[()]

    def _query(self, measures: list[Measure], axes: Key) -> None:
        rows = self._dated(measures[0])
        aggregates = {
            f"m{index}_{name}": aggregate
            for index, measure in enumerate(measures)
            for name, aggregate in measure.total.aggregates(self, measure.where(self)).items()
        }
        answers = self._grouped(rows, measures[0], axes, aggregates)
        for index, measure in enumerate(measures):
            prefix = f"m{index}_"
            self._totals[measure, axes] = {
                key: measure.total.read(
                    {name.removeprefix(prefix): answer[name] for name in answer if name.startswith(prefix)}
                )
                for key, answer in answers.items()
            }

    def _grouped(
        self, rows: QuerySet[Any], measure: Measure, axes: Key, aggregates: dict[str, Any]
    ) -> dict[Key, dict[str, Any]]:
        if not axes:
            return {(): rows.aggregate(**aggregates)}
        if self._are_to_come(axes):
            return {}
        groups = {f"axis{index}": self._group(measure, axis) for index, axis in enumerate(axes)}
        answers = rows.annotate(**groups).values(*groups).annotate(**aggregates)
        return {
            tuple(self._key(axis, answer[name]) for axis, name in zip(axes, groups, strict=True)): answer
            for answer in answers
        }

    def scores(self, axes: Key = ()) -> dict[Key, dict[int, int]]:
        """Return how many leads created in the period have each score, per key of the axes."""
        if self._are_to_come(axes):
            return {}
        rows = self.rows(LEADS).annotate(points=self.score())
        groups = {f"axis{index}": self._group(LEADS, axis) for index, axis in enumerate(axes)}
        histograms: dict[Key, dict[int, int]] = defaultdict(dict)
        for answer in rows.annotate(**groups).values(*groups, "points").annotate(n=Count("*")):
            key = tuple(self._key(axis, answer[name]) for axis, name in zip(axes, groups, strict=True))
            histograms[key][answer["points"]] = answer["n"]
        return histograms

    def score(self) -> Expression | F:
        """Return a lead's score at the instant: the stored one if that is now."""
        if self.live and not Lead.objects.filter(score=None).exists():
            return F("score")
        computed = scoring.score(self.definitions.scoring, self.as_of)
        return Coalesce("score", computed) if self.live else computed

    # Rows

    def rows(self, measure: Measure) -> QuerySet[Any]:
        """Return the rows behind a total: what its drill-down lists."""
        return self._dated(measure).filter(measure.where(self), measure.total.takes())

    def column(self, name: str) -> str:
        """Return the column behind a name: two of them are settings, and MQL may be restated."""
        if name == "qualified_at":
            name = f"{self.workspace.qualified_stage}_at"
        if name == "converted_at":
            name = f"{self.workspace.conversion_stage}_at"
        return RESTATED if self.restated and name == "mql_at" else name

    def _dated(self, measure: Measure) -> QuerySet[Any]:
        column, source = self.column(measure.date), measure.source
        start, stop = self._window(source)
        rows = self._rows(source).filter(**{f"{column}__gte": start, f"{column}__lt": stop})
        return rows.filter(
            self._known(source), *(self._filter(source, *item) for item in self.filters.items())
        )

    def _rows(self, source: Source) -> QuerySet[Any]:
        """Return the table's rows, leads beside what the replay says of them where figures are restated."""
        rows: QuerySet[Any] = source.model._default_manager.all()
        if self.restated and source is LEAD:
            replayed = FilteredRelation("replayed", condition=Q(replayed__replay=self.restated.pk))
            rows = rows.annotate(restated=replayed)
        return rows

    def _window(self, source: Source) -> tuple[date, date]:
        """Return the half-open range of the period that had come at as_of."""
        if source is not SPEND:
            return self.period.start, min(self.period.end, self.as_of + MOMENT)
        today = self.as_of.astimezone(self.period.zone).date()
        return self.period.first, min(self.period.last, today) + timedelta(days=1)

    def _known(self, source: Source) -> Q:
        """Return the condition that the row's lead counts and exists at as_of."""
        if source.lead is None:
            return Q()
        lead = f"{source.lead}__" if source.lead else ""
        return Q(**{f"{lead}status": "open", f"{lead}created_at__lte": self.as_of})

    # Dimensions

    def _filter(self, source: Source, slug: str, values: tuple[str, ...]) -> Q:
        dimension, path = DIMENSIONS[slug], source.paths[slug]
        if slug == "company_size":
            return self._sized(path, values)
        named: list[Any] = [value for value in values if value != NONE]
        if dimension.model:
            wanted = set(named)
            named = [pk for pk, key in self.labels(dimension).keys.items() if key in wanted]
        chosen = Q(**{f"{path}__in": named})
        if NONE in values:
            chosen |= Q(**{f"{path}__isnull": True}) | (Q() if dimension.model else Q(**{path: ""}))
        return chosen

    @staticmethod
    def _sized(path: str, values: tuple[str, ...]) -> Q:
        chosen = Q(pk__in=[])
        for name, low, high in BANDS:
            if name in values:
                chosen |= sized(path, low, high)
        if NONE in values:
            chosen |= Q(**{f"{path}__isnull": True}) | Q(**{f"{path}__lt": BANDS[0][1]})
        return chosen

    def _group(self, measure: Measure, axis: str) -> Expression | F:
        if axis in GRAINS:
            starts = [self._start(measure.source, bucket.days) for bucket in self.buckets(axis)]
            return Bucket(self.column(measure.date), starts)
        path = measure.source.paths[axis]
        if axis == "company_size":
            return band(path)
        return F(path) if DIMENSIONS[axis].model else Coalesce(F(path), Value(""))

    def _start(self, source: Source, days: Period) -> date:
        return days.first if source is SPEND else days.start

    def _key(self, axis: str, value: Any) -> Any:
        if axis in GRAINS:
            return value - 1
        if value is None or value == "":
            return NONE
        if axis == "company_size":
            return BANDS[value][0]
        dimension = DIMENSIONS[axis]
        return self.labels(dimension).keys[value] if dimension.model else value

    def buckets(self, grain: str) -> list[PeriodBucket]:
        """Return the period's buckets that have begun at as_of."""
        if grain not in self._buckets:
            self._buckets[grain] = [
                bucket for bucket in self.period.buckets(grain) if bucket.days.start <= self.as_of
            ]
        return self._buckets[grain]

    def labels(self, dimension: Dimension) -> Labels:
        if dimension.slug not in self._labels:
            assert dimension.model
            rows = list(dimension.model._default_manager.all())
            keys = {row.pk: getattr(row, dimension.key) for row in rows}
            self._labels[dimension.slug] = Labels(keys, {keys[row.pk]: str(row) for row in rows})
        return self._labels[dimension.slug]

    def _are_to_come(self, axes: Key) -> bool:
        """Tell whether every bucket of the period begins after the instant."""
        return any(axis in GRAINS and not self.buckets(axis) for axis in axes)

    def keys(self, axes: Key, *totals: Mapping[Key, Any]) -> list[Key]:
        """Return the keys figures are due for: every bucket, but only dimensions' rows that exist."""
        if not axes:
            return [()]
        if axes[0] in GRAINS:
            return [(index,) for index in range(len(self.buckets(axes[0])))]
        return list(dict.fromkeys(key for total in totals for key in total))

    def label(self, axis: str, key: str) -> str:
        dimension = DIMENSIONS[axis]
        return self.labels(dimension).names.get(key, key) if dimension.model else key

    # Money

    def rate(self, day: str) -> Expression:
        """Return the rate of the day, null where there is none."""
        rates = ExchangeRate.objects.filter(currency=OuterRef("currency"), date__lte=self._day(day))
        latest = Subquery(rates.order_by("-date").values("rate")[:1])
        own = When(currency__in=("", self.workspace.currency), then=Value(1))
        return Case(own, default=latest, output_field=RATE)

    def converted(self, amount: str, day: str) -> Expression:
        own = When(currency__in=("", self.workspace.currency), then=F(amount))
        foreign = ExpressionWrapper(F(amount) * self.rate(day), output_field=CONVERTED)
        return Case(own, default=foreign, output_field=CONVERTED)

    def _day(self, column: str) -> Any:
        if column == "date":
            return OuterRef("date")
        instant = ExpressionWrapper(OuterRef(column), output_field=DateTimeField())
        return TruncDate(instant, tzinfo=self.period.zone)
