"""Section 2: the KPIs, one function each, in the order of the table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor
from typing import Any

from tests.reference import clocks, conditions, ladder, scoring
from tests.reference.attribution import channel_weights
from tests.reference.question import Question
from tests.reference.reading import NONE, Deal, Lead, Session, Spend, number
from tests.reference.times import DAY, add_months, day_of, day_start, month_start

Amount = Fraction | None
MARKETING, BOTH_SIDES = ("marketing",), ("marketing", "sales")
NOT_MARKETING_SOURCED = ("outbound", "partner")


@dataclass
class Figure:
    value: Any
    numerator: Any
    denominator: Any
    n: int
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    without_rate: bool = False


def count(rows: list[Any]) -> Figure:
    """ "Counts have a null denominator and n = value"."""
    return Figure(len(rows), len(rows), None, len(rows))


def ratio(numerator: Any, denominator: Any, n: int | None = None, times: int = 1) -> Figure:
    """Rule 6: "a ratio with a denominator of 0 is `null`"."""
    value = None
    if numerator is not None and denominator:
        value = times * Fraction(numerator) / Fraction(denominator)
    missing = numerator is None or denominator is None
    return Figure(value, numerator, denominator, denominator if n is None else n, without_rate=missing)


def share(part: list[Any], whole: list[Any]) -> Figure:
    """Rule 13: "percent values are 0–100"."""
    return ratio(len(part), len(whole), times=100)


def nothing(note: str) -> Figure:
    return Figure(None, None, None, 0, note)


def total(amounts: Iterable[Amount]) -> Amount:
    """Rule 8: rows without a rate (None) are left out; "if every row a sum rests on is left out, the
    value is null". Rule 6: "a sum or count over nothing is 0"."""
    rows = list(amounts)
    if rows and all(amount is None for amount in rows):
        return None
    return sum((amount for amount in rows if amount is not None), Fraction(0))


# Acquisition


def lead_volume(q: Question) -> Figure:
    return count(q.created())


def is_high_intent(q: Question, session: Session) -> bool:
    """ "Its flag, or its landing page's mark, or its channel's mark; marks apply to past sessions"."""
    page = q.bundle.pages.get(session.landing_page, {})
    channel = q.bundle.channels.get(session.channel, {})
    return session.high_intent or "true" in (page.get("high_intent"), channel.get("high_intent"))


def qualified_traffic(q: Question) -> Figure:
    return count([session for session in q.sessions() if is_high_intent(q, session)])


def visitor_conversion_rate(q: Question) -> Figure:
    return share(q.created(), list({session.visitor for session in q.sessions()}))


def landing_page_conversion_rate(q: Question) -> Figure:
    leads = [lead for lead in q.created() if lead.landing_page]
    return share(leads, list({session.visitor for session in q.sessions() if session.landing_page}))


# Cost


def money(q: Question, row: Spend) -> Amount:
    return q.bundle.convert(row.amount, row.currency, row.day)


def budget(q: Question) -> Amount:
    """Rule 14: "marketing budget = spend with side `marketing`". "By channel use direct spend; spend
    without a channel stands in `(none)`"."""
    return total(money(q, row) for row in q.spend("marketing"))


def cost_per_lead(q: Question) -> Figure:
    return ratio(budget(q), len(q.created()))


def cost_per_qualified_lead(q: Question) -> Figure:
    return ratio(budget(q), len(qualified(q)))


def qualified(q: Question) -> list[Lead]:
    return q.reached(q.bundle.setting("qualified_stage", "mql"))


def by_channel(leads: list[Lead]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for lead in leads:
        counts[lead.channel or NONE] = counts.get(lead.channel or NONE, 0) + 1
    return counts


def channel_share(q: Question) -> Figure:
    """ "Leads(P) of the largest channel ÷ leads(P); by channel: leads of the channel ÷ all leads of the
    query". A channel filter "gives the figure its row would have": the whole stays all leads."""
    everyone = q.without("channel").created()
    counts = by_channel(everyone)
    asked = q.filters.get("channel") or list(counts)
    # "`(none)` cannot be the largest but is in the denominator; ties go to the smallest id"
    ranked = sorted((-counts.get(channel, 0), channel) for channel in asked if channel != NONE)
    largest = ranked[0][1] if ranked and ranked[0][0] else None
    only_blank = q.filters.get("channel") == [NONE]
    figure = ratio(counts.get(NONE if only_blank else largest or "", 0), len(everyone), times=100)
    figure.details = {"largest": largest}
    return figure


def campaign_return(q: Question) -> Figure:
    """ "Leads(P) that have a campaign ÷ marketing budget(P) that has a campaign; n = its leads"."""
    leads = [lead for lead in q.created() if lead.campaign]
    spent = total(money(q, row) for row in q.spend("marketing") if row.campaign)
    return ratio(len(leads), spent, n=len(leads))


# Qualification


def key_information_completion_rate(q: Question) -> Figure:
    submissions = q.submissions()
    return share([submission for submission in submissions if submission.complete], submissions)


def outside_icp_rate(q: Question) -> Figure:
    if q.bundle.icp is None:
        return nothing("no ICP set")
    leads = q.created()
    matches = [lead for lead in leads if conditions.holds(q.bundle.icp, lead, q.as_of, q.bundle)]
    return ratio(len(leads) - len(matches), len(leads), times=100)


def step(q: Question, lower: str, higher: str) -> Figure:
    """Rule 5: each by its own date in P; in the cohort "of the leads that reached X in P, those that
    reached Y"."""
    base = q.at_stage(lower)
    done = q.of_those_reached(base, higher) if q.basis == "cohort" else q.reached(higher)
    return share(done, base)


def mql_to_lead_ratio(q: Question) -> Figure:
    return step(q, "lead", "mql")


def mql_to_sql_ratio(q: Question) -> Figure:
    return step(q, "mql", "sql")


def lead_conversion_rate(q: Question) -> Figure:
    figure = step(q, "lead", q.bundle.setting("conversion_stage", "customer"))
    rungs = ["lead", *ladder.RUNGS]
    figure.details = {"steps": [step_row(q, *pair) for pair in pairwise(rungs)]}
    return figure


def step_row(q: Question, lower: str, higher: str) -> dict[str, Any]:
    found = step(q, lower, higher)
    return {
        "from": lower,
        "to": higher,
        "value": found.value,
        "numerator": found.numerator,
        "denominator": found.denominator,
    }


def lead_quality_score(q: Question) -> Figure:
    bands: dict[str, Any] = dict.fromkeys(("cold", "warm", "mql", "sql"))
    judged = [scoring.judge(q.bundle, lead, q.as_of) for lead in q.created()]
    if q.bundle.scoring is None:
        figure = nothing("no scoring model")
    else:
        figure = ratio(sum(j.score for j in judged if j), len(judged))
    for name in bands if judged and q.bundle.scoring is not None else ():
        bands[name] = 100 * Fraction(sum(j.band == name for j in judged if j), len(judged))
    figure.details = {"bands": bands}
    return figure


# Treatment


def percentile(values: list[Fraction], part: Fraction) -> Fraction | None:
    """ "Median, p90 interpolate linearly (`percentile_cont`)"."""
    if not values:
        return None
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def timing(q: Question, outcomes: tuple[str, ...] | None) -> Figure:
    """ "First attempt at or after creation − creation, over answered leads(P): headline median;
    numerator Σ seconds, denominator and n answered"."""
    leads = q.created()
    firsts = [(lead, clocks.first_attempt(lead, q.as_of, outcomes)) for lead in leads]
    waits = [clocks.seconds(first - lead.created_at) for lead, first in firsts if first]
    figure = ratio(sum(waits, Fraction(0)), len(waits))
    mean, figure.value = figure.value, percentile(waits, Fraction(1, 2))
    # "At most 300 seconds, as a share of all leads(P), unanswered included"
    quick = [wait for wait in waits if wait <= 300]
    figure.details = {
        "median_seconds": figure.value,
        "mean_seconds": mean,
        "p90_seconds": percentile(waits, Fraction(9, 10)),
        "within_5_minutes_percent": share(quick, leads).value,
        "answered": len(waits),
    }
    return figure


def first_contact_time(q: Question) -> Figure:
    return timing(q, None)


def lead_response_time(q: Question) -> Figure:
    return timing(q, clocks.MEANINGFUL)


def untreated_lead_rate(q: Question) -> Figure:
    """ "Attempts before creation … still make the lead treated"."""
    leads = q.created()
    untreated = [lead for lead in leads if not any(q.known(attempt.at) for attempt in lead.attempts)]
    return share(untreated, leads)


def no_show_rate(q: Question) -> Figure:
    """ "`scheduled_for` in P and ≤ as_of, booked by as_of, status `held`, `no_show` or `scheduled`"."""
    planned = [
        meeting
        for lead in q.leads()
        for meeting in lead.appointments
        if q.inside(meeting.scheduled_for)
        and q.known(meeting.booked_at)
        and meeting.status in ("held", "no_show", "scheduled")
    ]
    figure = share([meeting for meeting in planned if meeting.status == "no_show"], planned)
    figure.details = {"without_outcome": sum(meeting.status == "scheduled" for meeting in planned)}
    return figure


def sla_compliance_rate(q: Question) -> Figure:
    """ "Leads(P) under an SLA, due by as_of, answered in time ÷ leads(P) under an SLA and due"."""
    if not q.bundle.policies:
        return nothing("no SLA policy")
    found = [clocks.clock(q.bundle, lead, q.as_of) for lead in q.created()]
    due = [clock for clock in found if clock and q.known(clock.due_at)]
    return share([clock for clock in due if clocks.in_time(clock)], due)


# Commercial


def cost_per_opportunity(q: Question) -> Figure:
    return ratio(budget(q), len(q.reached("opportunity")))


def is_marketing_sourced(q: Question, lead: Lead) -> bool:
    """ "The lead has a channel, and its kind is not `outbound` or `partner`"."""
    return bool(lead.channel) and q.bundle.channels[lead.channel]["kind"] not in NOT_MARKETING_SOURCED


def pipeline_contribution(q: Question) -> Figure:
    """ "Value = numerator = amounts of opportunities opened in P on marketing-sourced leads;
    denominator = of all opened in P; n = opportunities summed"."""
    opened = [
        (lead, q.bundle.convert(deal.amount, deal.currency, day_of(deal.opened_at, q.bundle.zone)))
        for lead in q.leads()
        for deal in lead.deals
        if q.inside(deal.opened_at) and deal.amount is not None
    ]
    sourced = [amount for lead, amount in opened if is_marketing_sourced(q, lead)]
    numerator, denominator = total(sourced), total(amount for _, amount in opened)
    figure = ratio(numerator, denominator, n=sum(amount is not None for amount in sourced), times=100)
    figure.details = {"share_percent": figure.value}
    figure.value = numerator
    return figure


def cost(q: Question, sides: tuple[str, ...], shared: bool = True) -> Amount:
    """ "Cost of a channel: its direct spend + its share of spend that has no channel. … Shares are
    computed before a channel filter and after all others"."""
    asked = q.filters.get("channel")
    everything = q.without("channel").spend(*sides)
    if asked is None:
        return total(money(q, row) for row in everything)
    parts: list[Amount] = [money(q, row) for row in everything if row.channel in asked]
    weight = shared_weight(q, asked) if shared else Fraction(NONE in asked)
    if weight:
        pool = [money(q, row) for row in everything if not row.channel]
        parts += [None if amount is None else amount * weight for amount in pool]
    return total(parts)


def shared_weight(q: Question, asked: list[str]) -> Fraction:
    """ "Its leads(P) ÷ all leads(P), leads without a channel keeping theirs in `(none)`; no leads at
    all: its direct marketing spend ÷ all direct marketing spend; else everything stays in `(none)`"."""
    leads = q.without("channel").created()
    if leads:
        counts = by_channel(leads)
        return Fraction(sum(counts.get(channel, 0) for channel in set(asked)), len(leads))
    direct = [row for row in q.without("channel").spend("marketing") if row.channel]
    whole = total(money(q, row) for row in direct)
    if whole:
        return (total(money(q, row) for row in direct if row.channel in asked) or Fraction(0)) / whole
    return Fraction(NONE in asked)


def customer_acquisition_cost(q: Question) -> Figure:
    """ "(marketing + sales spend)(P) ÷ cust(P)"; "CAC takes both sides"."""
    return ratio(cost(q, BOTH_SIDES), len(q.reached("customer")))


def lifetime_value(q: Question, lead: Lead) -> Amount:
    """ "By the deal won first: `monthly_revenue × gross margin × lifetime months` if it has a monthly
    revenue (0 counts), else `amount × gross margin`, at the closing day's rate"."""
    won = [deal for deal in lead.deals if ladder.is_won(deal, q.as_of)]
    if not won:
        return None
    first = min(won, key=lambda deal: (deal.closed_at, deal.id))
    margin = number(q.bundle.setting("gross_margin", "0.8"))
    if first.monthly_revenue is not None:
        months = number(q.bundle.setting("lifetime_months", 36))
        return converted_at_closing(q, first, first.monthly_revenue * margin * months)
    if first.amount is None:
        return None
    return converted_at_closing(q, first, first.amount * margin)


def converted_at_closing(q: Question, deal: Deal, amount: Fraction) -> Amount:
    assert deal.closed_at is not None
    return q.bundle.convert(amount, deal.currency, day_of(deal.closed_at, q.bundle.zone))


def ltv_cac_ratio(q: Question) -> Figure:
    """ "Mean lifetime value of cust(P) ÷ customer_acquisition_cost; n = customers with a lifetime
    value"; "customers without such a deal or amount are left out of the mean"."""
    values = [lifetime_value(q, lead) for lead in q.reached("customer")]
    worth = [value for value in values if value is not None]
    mean = ratio(sum(worth, Fraction(0)), len(worth)).value
    return ratio(mean, customer_acquisition_cost(q).value, n=len(worth))


def lead_source_roi(q: Question) -> Figure:
    """ "(revenue(P) − cost(P)) ÷ cost(P); numerator the difference; n = won opportunities counted";
    "ROI marketing, `cost=loaded` adds sales, `cost=direct` shares nothing"."""
    credited = credited_amounts(q)
    sides = BOTH_SIDES if q.cost == "loaded" else MARKETING
    revenue, spent = total(credited), cost(q, sides, shared=q.cost != "direct")
    difference = None if revenue is None or spent is None else revenue - spent
    return ratio(difference, spent, n=sum(amount is not None for amount in credited), times=100)


def credited_amounts(q: Question) -> list[Amount]:
    """Return what each won deal adds: "by channel it is credited by the attribution model; by
    anything else by the lead's own value"."""
    asked = q.filters.get("channel")
    credited = []
    for lead, deal in q.without("channel").won_deals():
        if deal.amount is None:
            continue
        amount = converted_at_closing(q, deal, deal.amount)
        weight = Fraction(1)
        if asked is not None:
            weights = channel_weights(q.bundle, lead, deal, q.attribution, q.as_of)
            weight = sum((weights.get(channel, Fraction(0)) for channel in set(asked)), Fraction(0))
        if weight:
            credited.append(None if amount is None else amount * weight)
    return credited


def last_whole_month(q: Question) -> date:
    """ "M = the last calendar month that ends on or before `to` and is over at as_of"."""
    month = add_months(month_start(q.to + DAY), -1)
    while day_start(add_months(month, 1), q.bundle.zone) > q.as_of:
        month = add_months(month, -1)
    return month


def lead_velocity_rate(q: Question) -> Figure:
    """ "(qualified in month M − in month M−1) ÷ in month M−1; n = qualified in M"."""
    month = last_whole_month(q)
    before = add_months(month, -1)
    now = len(qualified(q.during(month, add_months(month, 1) - timedelta(days=1))))
    then = len(qualified(q.during(before, month - timedelta(days=1))))
    figure = ratio(now - then, then, n=now, times=100)
    figure.details = {"month": month.strftime("%Y-%m")}
    return figure


KPIS: dict[str, Callable[[Question], Figure]] = {
    function.__name__: function
    for function in (
        lead_volume,
        qualified_traffic,
        visitor_conversion_rate,
        landing_page_conversion_rate,
        cost_per_lead,
        cost_per_qualified_lead,
        channel_share,
        campaign_return,
        key_information_completion_rate,
        outside_icp_rate,
        mql_to_lead_ratio,
        mql_to_sql_ratio,
        lead_conversion_rate,
        lead_quality_score,
        first_contact_time,
        lead_response_time,
        untreated_lead_rate,
        no_show_rate,
        sla_compliance_rate,
        cost_per_opportunity,
        pipeline_contribution,
        customer_acquisition_cost,
        ltv_cac_ratio,
        lead_source_roi,
        lead_velocity_rate,
    )
}
