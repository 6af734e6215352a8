"""The kinds of KPI: how totals become a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from kpis import costs, velocity
from kpis.board import Board, Key
from kpis.definitions import DIMENSIONS, NONE, Measure, Money, Source, Timing
from kpis.measures import (
    AFTER_MQL,
    ALL_SPEND,
    FIRST_ONCE,
    FIRST_RECURRING,
    FOLLOWED,
    LEADS,
    MARKETING_SPEND,
    REACHED,
    RUNGS,
    STEPS,
)
from leads import scoring

Number = Decimal | int | float
HUNDRED = 100


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One value with what it was made of. A value of None is no data, never zero.

    `n` is the number of records it rests on, `unrated` how many had no exchange rate.
    """

    value: Number | None
    numerator: Number | None
    denominator: Number | None = None
    n: int = 0
    unrated: int = 0
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Tell whether a breakdown may leave this row out."""
        return self.numerator == 0 and not self.denominator


def nothing(reason: str, details: Mapping[str, Any] | None = None) -> Figure:
    return Figure(value=None, numerator=None, note=reason, details=details or {})


def divide(above: Number | None, below: Number | None, factor: int = 1) -> Decimal | None:
    """Return above ÷ below × factor, None where there is no denominator."""
    if above is None or not below:
        return None
    return Decimal(above) * factor / Decimal(below)


def amount(total: Any) -> Number | None:
    """Return the number in a total of money or of rows."""
    return total.amount if isinstance(total, Money) else total


def unrated(*totals: Any) -> int:
    """Return how many rows of these totals had no exchange rate."""
    return sum(total.unrated for total in totals if isinstance(total, Money))


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """One number a manager steers by: a numerator, or a numerator over a denominator.

    A kind says what to ask a board for (`asked`) and what to make of the answers (`figure`);
    one whose slices don't come from their own totals alone overrides `figures` as well.
    """

    slug: str
    name: str
    group: str  # one of catalog.GROUPS
    unit: str  # one of reference.UNITS
    good: str | None  # "up", "down", or neither
    formula: str  # in words
    description: str
    source: str  # of the formula: A1–A8, B1–B16
    numerator: Measure
    denominator: Measure | None = None
    also: tuple[Measure, ...] = ()  # further measures its details or costs rest on

    @property
    def has_cohort(self) -> bool:
        """Tell whether the cohort basis asks for other rows than the period basis."""
        return False

    def measures(self) -> tuple[Measure, ...]:
        """Return every measure this KPI may ask a board for."""
        return tuple(filter(None, (self.numerator, self.denominator, *self.also)))

    @property
    def sources(self) -> tuple[Source, ...]:
        return tuple({measure.source.slug: measure.source for measure in self.measures()}.values())

    @property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(slug for slug in DIMENSIONS if not self.lacks((slug,)))

    def lacks(self, dimensions: tuple[str, ...]) -> str:
        """Return why the KPI can't be cut by these dimensions; empty if it can."""
        reasons = (source.lacks(slug) for slug in dimensions for source in self.sources)
        return next(filter(None, reasons), "")

    def missing(self, board: Board) -> str:
        """Return which setting the KPI waits for; empty if none."""
        return ""

    def opens(self, board: Board, side: str) -> Measure | None:
        """Return the measure whose rows lie behind the numerator or the denominator."""
        return self.numerator if side == "numerator" else self.denominator

    def rows(self, board: Board, side: str) -> QuerySet[Any] | None:
        """Return the rows behind the numerator or the denominator; None where there is none."""
        measure = self.opens(board, side)
        return board.rows(measure) if measure else None

    def figures(self, board: Board, axes: Key = ()) -> dict[Key, Figure]:
        """Return a figure per key that has rows; without axes, the one under ()."""
        measures = self.asked(board)
        totals = [board.totals(measure, axes) for measure in measures]
        return {
            key: self.figure(
                board,
                *(
                    total.get(key, measure.total.read({}))
                    for measure, total in zip(measures, totals, strict=True)
                ),
            )
            for key in board.keys(axes, *totals)
        }

    def asked(self, board: Board) -> tuple[Measure, ...]:
        """Return the measures `figure` takes, in its order."""
        return tuple(filter(None, (self.numerator, self.denominator)))

    def figure(self, board: Board, *totals: Any) -> Figure:
        """Return the figure of one slice from the totals of what was asked."""
        raise TypeError(f"{type(self).__name__} makes its figures itself")

    def empty(self, board: Board) -> Figure:
        """Return the figure over nothing."""
        return self.figure(board, *(measure.total.read({}) for measure in self.asked(board)))


class Count(Kpi):
    def figure(self, board: Board, *totals: Any) -> Figure:
        (count,) = totals
        return Figure(value=count, numerator=count, n=count)


@dataclass(frozen=True, kw_only=True)
class Ratio(Kpi):
    """Numerator ÷ denominator, × 100 for a percentage.

    `followed` counts, under the cohort basis, what the denominator's own leads did. `restated` is the
    numerator where a replayed version says who is MQL.
    """

    followed: Measure | None = None
    restated: Measure | None = None
    needs: Callable[[Board], str] = lambda board: ""  # the reason why there is no value, if any

    @property
    def has_cohort(self) -> bool:
        return self.followed is not None

    def measures(self) -> tuple[Measure, ...]:
        return (*super().measures(), *filter(None, (self.followed,)))

    def missing(self, board: Board) -> str:
        return self.needs(board)

    def opens(self, board: Board, side: str) -> Measure | None:
        if side == "numerator" and board.basis == "cohort" and self.followed:
            return self.followed
        if side == "numerator" and board.restated and self.restated:
            return self.restated
        return super().opens(board, side)

    def asked(self, board: Board) -> tuple[Measure, ...]:
        return tuple(filter(None, (self.opens(board, "numerator"), self.denominator)))

    def figure(self, board: Board, *totals: Any) -> Figure:
        above, below = map(amount, totals)
        counted = above if isinstance(totals[1], Money) else below
        return Figure(
            value=divide(above, below, HUNDRED if self.unit == "percent" else 1),
            numerator=above,
            denominator=below,
            n=int(counted or 0),
            unrated=unrated(*totals),
        )


class UntreatedRate(Ratio):
    """Also tells the rate among leads that are older than a day."""

    def asked(self, board: Board) -> tuple[Measure, ...]:
        return (*super().asked(board), *self.also)

    def figure(self, board: Board, *totals: Any) -> Figure:
        *pair, late, older = totals
        details = {"older_than_24_hours_percent": divide(late, older, HUNDRED)}
        return replace(super().figure(board, *pair), details=details)


class NoShowRate(Ratio):
    """Warns when too many past appointments have no outcome for the rate to be trusted."""

    def asked(self, board: Board) -> tuple[Measure, ...]:
        return (*super().asked(board), *self.also)

    def figure(self, board: Board, *totals: Any) -> Figure:
        no_shows, planned, open_ = totals
        note = ""
        if open_ * 10 > planned:
            note = f"{open_} of {planned} past appointments have no outcome recorded"
        figure = super().figure(board, no_shows, planned)
        return replace(figure, note=note, details={"without_outcome": open_})


class ConversionRate(Ratio):
    """Leads that became the conversion stage ÷ leads, with every step of the ladder."""

    def asked(self, board: Board) -> tuple[Measure, ...]:
        return (*super().asked(board), LEADS, *REACHED.values(), *self._went_on(board))

    def _went_on(self, board: Board) -> tuple[Measure, ...]:
        """Return who took each step, where that is not all who reached the rung."""
        if board.basis == "cohort":
            return tuple(FOLLOWED[step] for step in STEPS)
        after_mql = {**REACHED, "sal": AFTER_MQL["sal"]}
        return tuple(after_mql[rung] for rung in RUNGS) if board.restated else ()

    def figure(self, board: Board, *totals: Any) -> Figure:
        above, below, *ladder = totals
        reached, went_on = ladder[: len(STEPS) + 1], ladder[len(STEPS) + 1 :]
        names = ("lead", *RUNGS)
        steps = [
            {
                "from": names[index],
                "to": names[index + 1],
                "value": divide(numerator, reached[index], HUNDRED),
                "numerator": numerator,
                "denominator": reached[index],
            }
            for index, numerator in enumerate(went_on or reached[1:])
        ]
        return replace(super().figure(board, above, below), details={"steps": steps})


class ResponseTiming(Kpi):
    """Median seconds to an answer; the unanswered stay in the five-minute share."""

    def asked(self, board: Board) -> tuple[Measure, ...]:
        return (self.numerator, LEADS)

    def figure(self, board: Board, *totals: Any) -> Figure:
        timing: Timing = totals[0]
        leads: int = totals[1]
        details = {
            "median_seconds": timing.median,
            "mean_seconds": divide(timing.seconds, timing.answered),
            "p90_seconds": timing.p90,
            "within_5_minutes_percent": divide(timing.within_5_minutes, leads, HUNDRED),
            "answered": timing.answered,
        }
        return Figure(
            value=timing.median,
            numerator=timing.seconds,
            denominator=timing.answered,
            n=timing.answered,
            details=details,
        )


class QualityScore(Kpi):
    """Mean score of the leads created, with the shares of the bands."""

    def missing(self, board: Board) -> str:
        return "" if board.definitions.scoring else "no scoring model set"

    def figures(self, board: Board, axes: Key = ()) -> dict[Key, Figure]:
        histograms = board.scores(axes)
        return {key: self._figure(board, histograms.get(key, {})) for key in board.keys(axes, histograms)}

    def empty(self, board: Board) -> Figure:
        return self._figure(board, {})

    def _figure(self, board: Board, histogram: Mapping[int, int]) -> Figure:
        leads = sum(histogram.values())
        points = sum(score * count for score, count in histogram.items())
        bands = dict.fromkeys(("cold", "warm", "mql", "sql"), 0)
        for score, count in histogram.items():
            bands[scoring.band(board.definitions.scoring, score)] += count
        shares = {band: divide(count, leads, HUNDRED) for band, count in bands.items()}
        return Figure(
            value=divide(points, leads),
            numerator=points,
            denominator=leads,
            n=leads,
            details={"bands": shares},
        )


class ChannelShare(Kpi):
    """The largest channel's share of all leads, or of each channel where the query is by channel."""

    def figures(self, board: Board, axes: Key = ()) -> dict[Key, Figure]:
        by_channel = costs.by_channel(board, LEADS, axes)
        if "channel" in axes:
            everything = sum(by_channel[()].values())
            wanted = board.filters.get("channel")
            return {
                (channel,): self._figure(count, everything, channel)
                for channel, count in by_channel[()].items()
                if not wanted or channel in wanted
            }
        return {key: self._largest(board, by_channel.get(key, {})) for key in board.keys(axes, by_channel)}

    def rows(self, board: Board, side: str) -> QuerySet[Any] | None:
        if side == "denominator":
            return board.without("channel").rows(LEADS)
        figure, whole = self.figures(board)[()], board.without("channel")
        largest = figure.details["largest"] or NONE
        rows = whole.narrowed("channel", largest).rows(LEADS)
        return rows if figure.numerator else rows.none()

    def empty(self, board: Board) -> Figure:
        return self._figure(0, 0, None)

    def _largest(self, board: Board, leads: Mapping[str, int]) -> Figure:
        """Return the figure of the largest channel, among those filtered for."""
        wanted = board.filters.get("channel")
        if wanted == (NONE,):
            return self._figure(leads.get(NONE, 0), sum(leads.values()), None)
        named = [channel for channel in leads if channel != NONE and (not wanted or channel in wanted)]
        largest = min(named, key=lambda channel: (-leads[channel], channel), default=None)
        return self._figure(leads.get(largest or "", 0), sum(leads.values()), largest)

    def _figure(self, leads: int, everything: int, channel: str | None) -> Figure:
        return Figure(
            value=divide(leads, everything, HUNDRED),
            numerator=leads,
            denominator=everything,
            n=everything,
            details={"largest": channel if leads else None},
        )


class Pipeline(Kpi):
    """Amounts of marketing-sourced opportunities; the denominator is all that were opened."""

    def figure(self, board: Board, *totals: Any) -> Figure:
        sourced, opened = totals
        return Figure(
            value=sourced.amount,
            numerator=sourced.amount,
            denominator=opened.amount,
            n=sourced.rows,
            unrated=opened.unrated,
            details={"share_percent": divide(sourced.amount, opened.amount, HUNDRED)},
        )


class AcquisitionCost(Kpi):
    """What a customer cost, channels carrying their share of what belongs to none."""

    def rows(self, board: Board, side: str) -> QuerySet[Any] | None:
        return costs.rows(board, ALL_SPEND) if side == "numerator" else super().rows(board, side)

    def figures(self, board: Board, axes: Key = ()) -> dict[Key, Figure]:
        spent = costs.spent(board, axes, sales=True)
        customers = board.totals(REACHED["customer"], axes)
        return {
            key: self.figure(board, spent.get(key, Money()), customers.get(key, 0))
            for key in board.keys(axes, spent, customers)
        }

    def figure(self, board: Board, *totals: Any) -> Figure:
        cost, customers = totals
        return Figure(
            value=divide(cost.amount, customers),
            numerator=cost.amount,
            denominator=customers,
            n=customers,
            unrated=cost.unrated,
        )


@dataclass(frozen=True, kw_only=True)
class LifetimeRatio(Kpi):
    """Mean lifetime value of new customers ÷ what acquiring one cost."""

    cost: AcquisitionCost

    def rows(self, board: Board, side: str) -> QuerySet[Any] | None:
        return costs.rows(board, ALL_SPEND) if side == "denominator" else super().rows(board, side)

    def figures(self, board: Board, axes: Key = ()) -> dict[Key, Figure]:
        acquisition = self.cost.figures(board, axes)
        recurring, once = board.totals(FIRST_RECURRING, axes), board.totals(FIRST_ONCE, axes)
        none = self.cost.empty(board)
        spent = {key: cost for key, cost in acquisition.items() if not cost.is_empty}
        return {
            key: self.figure(board, spent.get(key, none), recurring.get(key, Money()), once.get(key, Money()))
            for key in board.keys(axes, spent, recurring, once)
        }

    def empty(self, board: Board) -> Figure:
        return self.figure(board, self.cost.empty(board), Money(), Money())

    def figure(self, board: Board, *totals: Any) -> Figure:
        cost, recurring, once = totals
        settings = board.workspace
        value = recurring.times(settings.gross_margin * settings.lifetime_months) + once.times(
            settings.gross_margin
        )
        mean = divide(value.amount, value.rows)
        return Figure(
            value=divide(mean, cost.value),
            numerator=mean,
            denominator=cost.value,
            n=value.rows,
            unrated=value.unrated + cost.unrated,
        )


class Roi(Kpi):
    """What marketing's money brought back, over what it was."""

    def opens(self, board: Board, side: str) -> Measure | None:
        loaded = side == "denominator" and board.cost == "loaded"
        return ALL_SPEND if loaded else super().opens(board, side)

    def rows(self, board: Board, side: str) -> QuerySet[Any] | None:
        if side == "denominator":
            spend = ALL_SPEND if board.cost == "loaded" else MARKETING_SPEND
            return costs.rows(board, spend, share=board.cost != "direct")
        return costs.credited_rows(board)

    def figures(self, board: Board, axes: Key = ()) -> dict[Key, Figure]:
        spent = costs.spent(board, axes, sales=board.cost == "loaded", share=board.cost != "direct")
        revenue = costs.revenue(board, axes)
        return {
            key: self.figure(board, revenue.get(key, Money()), spent.get(key, Money()))
            for key in board.keys(axes, spent, revenue)
        }

    def figure(self, board: Board, *totals: Any) -> Figure:
        revenue, cost = totals
        gain = None if None in (revenue.amount, cost.amount) else revenue.amount - cost.amount
        return Figure(
            value=divide(gain, cost.amount, HUNDRED),
            numerator=gain,
            denominator=cost.amount,
            n=revenue.rows,
            unrated=revenue.unrated + cost.unrated,
        )


class Velocity(Kpi):
    """Growth of qualified leads from one whole month to the next."""

    def opens(self, board: Board, side: str) -> Measure | None:
        return self.numerator

    def rows(self, board: Board, side: str) -> QuerySet[Any] | None:
        return velocity.month_board(board, earlier=side == "denominator").rows(self.numerator)

    def figures(self, board: Board, axes: Key = ()) -> dict[Key, Figure]:
        months = velocity.months(board, self.numerator, axes)
        return {key: self._figure(*month) for key, month in months.items()}

    def empty(self, board: Board) -> Figure:
        return self._figure(None, 0, 0)

    def _figure(self, month: str | None, count: int, before: int) -> Figure:
        return Figure(
            value=divide(count - before, before, HUNDRED),
            numerator=count - before,
            denominator=before,
            n=count,
            details={"month": month},
        )
