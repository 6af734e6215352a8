"""What a channel cost and brought in: its own spend, its share of everyone's, its credits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from kpis import paths
from kpis.board import Board, Key
from kpis.definitions import NONE, Measure, Money
from kpis.measures import LEADS, MARKETING_SPEND, REVENUE, SALES_SPEND
from leads.models import Workspace

ZERO = Decimal(0)


def by_channel(board: Board, measure: Measure, axes: Key) -> dict[Key, dict[str, Any]]:
    """Return totals by the axes but channel, then by channel, whatever channels are filtered for."""
    rest = tuple(axis for axis in axes if axis != "channel")
    nested: dict[Key, dict[str, Any]] = {} if rest else {(): {}}
    totals = board.without("channel").totals(measure, (*rest, "channel"), alone=True)
    for (*key, channel), total in totals.items():
        nested.setdefault(tuple(key), {})[channel] = total
    return nested


def spent(board: Board, axes: Key, *, sales: bool, share: bool = True) -> dict[Key, Money]:
    """Return the cost per key: marketing spend, with `sales` both sides.

    By channel, spend of no channel is shared among the channels; without `share` it stays
    with (none).
    """
    sides = (MARKETING_SPEND, SALES_SPEND) if sales else (MARKETING_SPEND,)
    if "channel" not in axes and "channel" not in board.filters:
        return _added(board.totals(side, axes) for side in sides)
    ledgers = _ledgers(board, axes, sides)
    return _picked(board, axes, {key: ledger.cost(share=share) for key, ledger in ledgers.items()})


def revenue(board: Board, axes: Key) -> dict[Key, Money]:
    """Return the amounts won; by channel, as the attribution model credits them."""
    by_lead = board.attribution == Workspace.Attribution.LEAD_SOURCE
    if by_lead or ("channel" not in axes and "channel" not in board.filters):
        return board.totals(REVENUE, axes)
    return paths.revenue(board, axes)


def rows(board: Board, spend: Measure, *, share: bool = True) -> QuerySet[Any]:
    """Return the spend a cost rests on: with a channel filter, also what is shared among channels."""
    wanted = board.filters.get("channel")
    if not wanted or not share:
        return board.rows(spend)
    return board.without("channel").narrowed("channel", *wanted, NONE).rows(spend)


def credited_rows(board: Board) -> QuerySet[Any]:
    """Return the won deals a revenue rests on: with a channel filter, those that credit the channel."""
    wanted = board.filters.get("channel")
    if not wanted or board.attribution == Workspace.Attribution.LEAD_SOURCE:
        return board.rows(REVENUE)
    credited = paths.credited(board, board.attribution)
    deals = [deal.pk for deal, parts in credited if not parts.keys().isdisjoint(wanted)]
    return board.without("channel").rows(REVENUE).filter(pk__in=deals)


@dataclass
class Ledger:
    """Spend and leads by channel, for one key of the other axes.

    `direct` is the spend of the sides asked for; `marketing` serves the shares without leads.
    """

    direct: dict[str, Money] = field(default_factory=dict)
    marketing: Mapping[str, Money] = field(default_factory=dict)
    leads: Mapping[str, int] = field(default_factory=dict)

    def cost(self, *, share: bool) -> ChannelCosts:
        direct = {channel: money for channel, money in self.direct.items() if channel != NONE}
        shares = self._shares() if share else {NONE: Decimal(1)}
        return ChannelCosts(direct, self.direct.get(NONE, Money()), shares)

    def _shares(self) -> dict[str, Decimal]:
        """Return each channel's share of the spend that has none: by leads, else by direct spend."""
        leads: dict[str, Decimal] = {channel: Decimal(count) for channel, count in self.leads.items()}
        direct = {
            channel: money.amount or ZERO for channel, money in self.marketing.items() if channel != NONE
        }
        for weights in (leads, direct):
            if everything := sum(weights.values(), ZERO):
                return {channel: weight / everything for channel, weight in weights.items()}
        return {NONE: Decimal(1)}


@dataclass
class ChannelCosts:
    """What belongs to each channel, and how the spend that belongs to none is shared."""

    direct: dict[str, Money]
    pool: Money  # spend of no channel
    shares: dict[str, Decimal]

    @property
    def channels(self) -> list[str]:
        return list(dict.fromkeys((*self.direct, *self.shares)))

    def of(self, channels: Iterable[str]) -> Money:
        """Return what these channels cost together."""
        wanted = set(channels)
        total = sum((money for channel, money in self.direct.items() if channel in wanted), Money())
        share = sum((part for channel, part in self.shares.items() if channel in wanted), ZERO)
        return total + self.pool.times(share) if share else total


def _ledgers(board: Board, axes: Key, sides: tuple[Measure, ...]) -> dict[Key, Ledger]:
    spend = [by_channel(board, side, axes) for side in sides]
    leads = by_channel(board, LEADS, axes)
    return {
        key: Ledger(_added(side.get(key, {}) for side in spend), spend[0].get(key, {}), leads.get(key, {}))
        for key in dict.fromkeys(key for nested in (*spend, leads) for key in nested)
    }


def _picked(board: Board, axes: Key, costs: Mapping[Key, ChannelCosts]) -> dict[Key, Money]:
    """Return the costs of the channels filtered for, one by one where channel is an axis."""
    wanted = board.filters.get("channel")
    if "channel" not in axes:
        return {key: cost.of(wanted or ()) for key, cost in costs.items()}
    return {
        (channel,): costs[()].of([channel])
        for channel in costs[()].channels
        if not wanted or channel in wanted
    }


def _added(totals: Iterable[Mapping[Any, Money]]) -> dict[Any, Money]:
    result: dict[Any, Money] = defaultdict(Money)
    for total in totals:
        for key, money in total.items():
            result[key] += money
    return dict(result)
