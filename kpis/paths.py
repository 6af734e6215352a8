"""Won deals with the touches that led to them, read from the database."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from kpis.attribution import Context, Conversion, Credits, Step, credit
from kpis.board import Board, Key
from kpis.definitions import DIMENSIONS, NONE, Money
from kpis.markov import Chain
from kpis.measures import REVENUE
from leads.models import Campaign, Channel, Lead, Opportunity, Touch, Workspace

CHUNK = 20_000


def revenue(board: Board, axes: Key) -> dict[Key, Money]:
    """Return what the board's model credits to channels, by the axes, with the deals behind it."""
    wanted = board.filters.get("channel")
    result: dict[Key, Money] = defaultdict(Money)
    for deal, credits in credited(board, board.attribution):
        chosen = {channel: part for channel, part in credits.items() if not wanted or channel in wanted}
        if "channel" in axes:
            for channel, part in chosen.items():
                result[(channel,)] += _money(deal, part)
        elif chosen:
            result[_keys(board, axes, deal)] += _money(deal, sum(chosen.values()))
    return dict(result)


def credited(board: Board, model: str) -> Iterator[tuple[Any, Credits]]:
    """Yield each deal won in the period that has an amount, with what the model credits to whom.

    The deal carries `converted`, its amount in the workspace's currency, null without a rate.
    """
    context = _context(board, model)
    for deal, conversion in conversions(board.without("channel")):
        yield deal, credit(conversion, model, context)


def conversions(board: Board) -> Iterator[tuple[Any, Conversion]]:
    """Yield the deals won in the period that have an amount, with their paths."""
    won = board.rows(REVENUE)
    steps = _steps(board, Touch.objects.filter(lead__in=won.values("lead")))
    deals = won.annotate(converted=board.converted("amount", "closed_at")).select_related("lead")
    for deal in deals.order_by("pk"):
        own = _channel(board, deal.lead.channel_id)
        path = [step for step in steps.get(deal.lead_id, ()) if step.at <= deal.closed_at]
        yield (
            deal,
            Conversion(
                amount=deal.converted or Decimal(0),
                channel=own,
                created_at=deal.lead.created_at,
                opened_at=deal.opened_at,
                closed_at=deal.closed_at,
                path=path or [Step(deal.lead.created_at, own)],
            ),
        )


def _money(deal: Any, part: Any) -> Money:
    return Money(None, unrated=1) if deal.converted is None else Money(part, rows=1)


def _context(board: Board, model: str) -> Context:
    direct = Channel.objects.filter(kind=Channel.Kind.DIRECT).values_list("key", flat=True)
    return Context(
        direct=frozenset(direct),
        half_life=board.workspace.attribution_half_life_days,
        chain=chain(board) if model == Workspace.Attribution.MARKOV else None,
    )


def _steps(board: Board, touches: QuerySet[Touch]) -> dict[int, list[Step]]:
    campaigns = dict(Campaign.objects.values_list("pk", "key"))
    steps: dict[int, list[Step]] = defaultdict(list)
    for lead, at, channel, campaign in touches.values_list("lead_id", "at", "channel_id", "campaign_id"):
        steps[lead].append(Step(at, _channel(board, channel), campaigns.get(campaign, "")))
    for found in steps.values():
        found.sort()
    return steps


def _channel(board: Board, pk: int | None) -> str:
    return board.labels(DIMENSIONS["channel"]).keys[pk] if pk else NONE


def _keys(board: Board, axes: Key, deal: Any) -> Key:
    """Return the bucket a deal was closed in, or its lead's campaign."""
    if not axes:
        return ()
    if axes == ("campaign",):
        pk = deal.lead.campaign_id
        return (board.labels(DIMENSIONS["campaign"]).keys[pk] if pk else NONE,)
    starts = [bucket.days.start for bucket in board.buckets(axes[0])]
    return (bisect_right(starts, deal.closed_at) - 1,)


@dataclass
class Winner:
    """A lead with won deals: its own channel, and when each was closed."""

    channel: str
    closings: list[datetime] = field(default_factory=list)


def chain(board: Board) -> Chain:
    """Return the Markov chain of every lead known at as_of, whatever the filters.

    Each won deal is one converting path; each lead without one is a path that leads nowhere.
    """
    result, winners = Chain(), _winners(board)
    for lead, path in _paths(board):
        winner = winners.pop(lead, None)
        if winner:
            _add_deals(result, winner, path)
        else:
            result.add([channel for _, channel in path], converts=False)
    for winner in winners.values():
        _add_deals(result, winner, [])
    for pk, count in _untouched(board):
        result.add([_channel(board, pk)], converts=False, times=count)
    return result


def _add_deals(result: Chain, winner: Winner, path: Sequence[tuple[datetime, str]]) -> None:
    for closing in winner.closings:
        before = [channel for at, channel in path if at <= closing]
        result.add(before or [winner.channel], converts=True)


def _winners(board: Board) -> dict[int, Winner]:
    won = Opportunity.objects.filter(
        lead__in=Lead.objects.counted(board.as_of),
        status=Opportunity.Status.WON,
        closed_at__lte=board.as_of,
    )
    winners: dict[int, Winner] = {}
    for lead, channel, closed_at in won.values_list("lead_id", "lead__channel_id", "closed_at"):
        if closed_at:
            winners.setdefault(lead, Winner(_channel(board, channel))).closings.append(closed_at)
    return winners


def _paths(board: Board) -> Iterator[tuple[int, list[tuple[datetime, str]]]]:
    """Yield each touched lead with its touches up to as_of in order."""
    touches = Touch.objects.filter(lead__in=Lead.objects.counted(board.as_of), at__lte=board.as_of)
    rows = touches.order_by("lead_id").values_list("lead_id", "at", "channel_id")
    for lead, group in groupby(rows.iterator(chunk_size=CHUNK), key=itemgetter(0)):
        yield lead, sorted((at, _channel(board, channel)) for _, at, channel in group)


def _untouched(board: Board) -> Iterable[tuple[int | None, int]]:
    """Return how many leads of each channel have neither a touch nor a won deal."""
    touches = Touch.objects.filter(lead=OuterRef("pk"), at__lte=board.as_of)
    won = Opportunity.objects.filter(
        lead=OuterRef("pk"), status=Opportunity.Status.WON, closed_at__lte=board.as_of
    )
    leads = Lead.objects.counted(board.as_of).filter(~Exists(touches), ~Exists(won))
    counts: Iterable[tuple[int | None, int]] = (
        leads.values_list("channel_id").annotate(count=Count("pk")).order_by()
    )
    return counts
