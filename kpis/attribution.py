"""Who earned a won deal: nine models that share its amount among its lead's touches."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kpis.markov import Chain
from kpis.periods import DAY, MOMENT
from leads.models import Workspace

MODELS: tuple[str, ...] = tuple(Workspace.Attribution.values)
ZERO = Decimal(0)


@dataclass(frozen=True, order=True)
class Step:
    """One touch on the way to a deal."""

    at: datetime
    channel: str
    campaign: str = ""


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A won deal with its path: the lead's touches up to closing, or the lead's own channel."""

    amount: Decimal
    channel: str  # the lead's own
    created_at: datetime
    opened_at: datetime
    closed_at: datetime
    path: Sequence[Step]


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the models need to know beside the conversion."""

    direct: frozenset[str] = frozenset()  # channels of kind direct
    half_life: Decimal = Decimal(7)  # days
    chain: Chain | None = None


Credits = dict[str, Decimal]
Weigh = Callable[[Conversion, Context], Sequence[Decimal]]


def credit(conversion: Conversion, model: str, context: Context) -> Credits:
    """Return the amount by channel; the parts sum to it exactly, the last touch takes the rest."""
    if model == Workspace.Attribution.LEAD_SOURCE:
        return {conversion.channel: conversion.amount}
    weights = WEIGHTS[model](conversion, context)
    everything, left = sum(weights, ZERO), conversion.amount
    credits: Credits = {}
    for step, weight in zip(conversion.path[:-1], weights, strict=False):
        part = conversion.amount * weight / everything
        left -= part
        if weight:
            credits[step.channel] = credits.get(step.channel, ZERO) + part
    if weights[-1]:
        last = conversion.path[-1].channel
        credits[last] = credits.get(last, ZERO) + left
    return credits


def _first(conversion: Conversion, context: Context) -> list[Decimal]:
    return _single(len(conversion.path), 0)


def _last(conversion: Conversion, context: Context) -> list[Decimal]:
    return _single(len(conversion.path), len(conversion.path) - 1)


def _last_non_direct(conversion: Conversion, context: Context) -> list[Decimal]:
    size = len(conversion.path)
    others = [index for index in range(size) if conversion.path[index].channel not in context.direct]
    return _single(size, others[-1] if others else size - 1)


def _linear(conversion: Conversion, context: Context) -> list[Decimal]:
    return [Decimal(1)] * len(conversion.path)


def _u_shaped(conversion: Conversion, context: Context) -> list[Decimal]:
    size = len(conversion.path)
    if size < 3:
        return [Decimal(1)] * size
    return [Decimal(40), *[Decimal(20) / (size - 2)] * (size - 2), Decimal(40)]


def _w_shaped(conversion: Conversion, context: Context) -> list[Decimal]:
    times = [step.at for step in conversion.path]
    roles = [0, *(bisect_right(times, at) - 1 for at in (conversion.created_at, conversion.opened_at))]
    weights = [ZERO] * len(times)
    for index in roles:
        if index >= 0:
            weights[index] += 30
    rest = [index for index, weight in enumerate(weights) if not weight]
    for index in rest:
        weights[index] = Decimal(10) / len(rest)
    return weights


def _time_decay(conversion: Conversion, context: Context) -> list[Decimal]:
    ages = (_days(conversion.closed_at - step.at) for step in conversion.path)
    return [Decimal(2) ** -(age / context.half_life) for age in ages]


def _markov(conversion: Conversion, context: Context) -> list[Decimal]:
    """Weigh the last touch of each distinct channel by the channel's removal effect."""
    assert context.chain
    last = {step.channel: index for index, step in enumerate(conversion.path)}
    effects = {channel: Decimal(context.chain.removal_effect(channel)) for channel in last}
    if not any(effects.values()):
        effects = dict.fromkeys(last, Decimal(1))
    weights = [ZERO] * len(conversion.path)
    for channel, index in last.items():
        weights[index] = effects[channel]
    return weights


WEIGHTS: Mapping[str, Weigh] = {
    "first": _first,
    "last": _last,
    "last_non_direct": _last_non_direct,
    "linear": _linear,
    "u_shaped": _u_shaped,
    "w_shaped": _w_shaped,
    "time_decay": _time_decay,
    "markov": _markov,
}


def _days(elapsed: timedelta) -> Decimal:
    return Decimal(elapsed // MOMENT) / (DAY // MOMENT)


def _single(size: int, chosen: int) -> list[Decimal]:
    return [Decimal(index == chosen) for index in range(size)]
