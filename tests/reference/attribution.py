"""Section 3: which channels a won deal is credited to."""

from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from tests.reference.clocks import seconds
from tests.reference.ladder import is_won
from tests.reference.reading import NONE, Bundle, Deal, Lead, Touch, number
from tests.reference.scoring import half_to_the

MODELS = [
    "lead_source",
    "first",
    "last",
    "last_non_direct",
    "linear",
    "u_shaped",
    "w_shaped",
    "time_decay",
    "markov",
]
Path = list[str]
Weights = dict[str, Fraction]
START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"


def touches_until(lead: Lead, end: datetime) -> list[Touch]:
    """ "The lead's touches up to `closed_at`, ordered by (at, channel, campaign)"."""
    known = [touch for touch in lead.touches if touch.at <= end]
    return sorted(known, key=lambda touch: (touch.at, touch.channel, touch.campaign))


def own_channel(lead: Lead) -> str:
    return lead.channel or NONE


def channels_until(lead: Lead, end: datetime) -> Path:
    """ "With none, the lead's own channel (or `(none)`)"."""
    return [touch.channel for touch in touches_until(lead, end)] or [own_channel(lead)]


def channel_weights(bundle: Bundle, lead: Lead, deal: Deal, model: str, as_of: datetime) -> Weights:
    """Return each channel's share of the deal; shares sum to exactly 1."""
    assert deal.closed_at is not None
    if model == "markov":
        return markov_weights(bundle, channels_until(lead, deal.closed_at), as_of)
    touches = touches_until(lead, deal.closed_at)
    if model == "lead_source" or not touches:
        return {own_channel(lead): Fraction(1)}
    shares = touch_weights(bundle, lead, deal, touches, model)
    weights: Weights = {}
    for touch, share in zip(touches, shares, strict=True):
        weights[touch.channel] = weights.get(touch.channel, Fraction(0)) + share / sum(shares)
    return {channel: weight for channel, weight in weights.items() if weight}


def touch_weights(bundle: Bundle, lead: Lead, deal: Deal, touches: list[Touch], model: str) -> list[Fraction]:
    count = len(touches)
    if model == "first":
        return only(0, count)
    if model == "last":
        return only(count - 1, count)
    if model == "last_non_direct":
        return only(last_non_direct(bundle, touches), count)
    if model == "linear":
        return [Fraction(1)] * count
    if model == "u_shaped":
        return u_shaped(count)
    if model == "w_shaped":
        return w_shaped(lead, deal, touches)
    return time_decay(bundle, deal, touches)


def only(place: int, count: int) -> list[Fraction]:
    return [Fraction(int(index == place)) for index in range(count)]


def last_non_direct(bundle: Bundle, touches: list[Touch]) -> int:
    """ "(channel kind `direct`; all direct: the last)"."""
    others = [i for i, touch in enumerate(touches) if bundle.channels[touch.channel]["kind"] != "direct"]
    return others[-1] if others else len(touches) - 1


def u_shaped(count: int) -> list[Fraction]:
    """ "40/20/40; two touches 50/50; one 100"."""
    if count <= 2:
        return [Fraction(1)] * count
    middle = Fraction(20) / (count - 2)
    return [Fraction(40), *[middle] * (count - 2), Fraction(40)]


def w_shaped(lead: Lead, deal: Deal, touches: list[Touch]) -> list[Fraction]:
    """ "30 on the first touch, 30 on the last at or before creation, 30 on the last at or before the
    deal's opening, 10 shared equally by the rest; a touch in two roles gets both; where a role or the
    rest is missing, weights are scaled to 100" (the caller scales)."""
    weights = [Fraction(0)] * len(touches)
    weights[0] += 30
    for end in (lead.created_at, deal.opened_at):
        before = [index for index, touch in enumerate(touches) if touch.at <= end]
        if before:
            weights[before[-1]] += 30
    rest = [index for index, weight in enumerate(weights) if not weight]
    for index in rest:
        weights[index] = Fraction(10) / len(rest)
    return weights


def time_decay(bundle: Bundle, deal: Deal, touches: list[Touch]) -> list[Fraction]:
    """ "2^(−age ÷ half-life), age in elapsed days, half-life a setting, 7"."""
    assert deal.closed_at is not None
    half_life = number(bundle.setting("attribution_half_life_days", 7))
    ages = [seconds(deal.closed_at - touch.at) / 86400 for touch in touches]
    youngest = min(ages)  # the same proportions, and nothing underflows
    return [half_to_the((age - youngest) / half_life) for age in ages]


def markov_weights(bundle: Bundle, path: Path, as_of: datetime) -> Weights:
    """ "A conversion's amount is divided among the distinct channels of its own path in proportion to
    their removal effects; all 0: equally"."""
    effects = removal_effects(bundle, as_of)
    channels = sorted(set(path))
    total = sum((effects[channel] for channel in channels), Fraction(0))
    if not total:
        return {channel: Fraction(1, len(channels)) for channel in channels}
    return {channel: effects[channel] / total for channel in channels if effects[channel]}


def removal_effects(bundle: Bundle, as_of: datetime) -> Weights:
    """Return how much of the chance to convert goes with each channel."""
    key = ("removal_effects", as_of)
    if key not in bundle.cache:
        chain = transitions(bundle, as_of)
        whole = chance(chain, removed=None)
        channels = [state for state in chain if state != START]
        bundle.cache[key] = {channel: whole - chance(chain, removed=channel) for channel in channels}
    effects: Weights = bundle.cache[key]
    return effects


def transitions(bundle: Bundle, as_of: datetime) -> dict[str, dict[str, int]]:
    """ "Order 1; chain from all leads known at as_of: one converting path per won deal, one null path,
    up to as_of, per lead without; filters ignored"."""
    counts: dict[str, dict[str, int]] = {}
    for lead in bundle.leads:
        if lead.status == "open" and lead.created_at <= as_of:
            for path in paths(lead, as_of):
                for here, there in pairwise(path):
                    counts.setdefault(here, {}).setdefault(there, 0)
                    counts[here][there] += 1
    return counts


def paths(lead: Lead, as_of: datetime) -> list[Path]:
    won = [deal for deal in lead.deals if is_won(deal, as_of)]
    if not won:
        return [[START, *channels_until(lead, as_of), NULL]]
    return [[START, *channels_until(lead, deal.closed_at), CONVERSION] for deal in won if deal.closed_at]


def chance(chain: dict[str, dict[str, int]], removed: str | None) -> Fraction:
    """Return the chance to get from start to conversion; a removed channel leads nowhere."""
    states = [state for state in chain if state != removed]
    rows = []
    for state in states:
        total = sum(chain[state].values())
        row = [Fraction(int(state == other)) for other in states]
        for there, count in chain[state].items():
            if there in states:
                row[states.index(there)] -= Fraction(count, total)
        rows.append([*row, Fraction(chain[state].get(CONVERSION, 0), total)])
    return solve(rows)[states.index(START)] if START in states else Fraction(0)


def solve(rows: list[list[Fraction]]) -> list[Fraction]:
    """Solve linear equations, each row its coefficients and the right side, by elimination."""
    for place in range(len(rows)):
        pivot = next(index for index in range(place, len(rows)) if rows[index][place])
        rows[place], rows[pivot] = rows[pivot], rows[place]
        lead = rows[place][place]
        rows[place] = [value / lead for value in rows[place]]
        for index, row in enumerate(rows):
            if index != place and row[place]:
                factor = row[place]
                rows[index] = [a - factor * b for a, b in zip(row, rows[place], strict=True)]
    return [row[-1] for row in rows]
