"""What changed since a version took effect, against as many whole days before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from kpis import report
from kpis.board import Board
from kpis.catalog import KPIS
from kpis.kinds import HUNDRED, divide
from kpis.measures import REACHED
from kpis.periods import DAY, Period
from kpis.query import ReportQuery
from leads.conditions.moment import Moment
from leads.definitions.words import rule_name, rule_sentence
from leads.models import DefinitionSet, Lead, Stage, StageEvent, Workspace
from leads.scoring.model import Rule, read

RATIOS = (
    "mql_to_lead_ratio",
    "mql_to_sql_ratio",
    "lead_conversion_rate",
    "outside_icp_rate",
    "lead_quality_score",
    "key_information_completion_rate",
    "untreated_lead_rate",
    "cost_per_lead",
    "cost_per_qualified_lead",
)
MONTHLY = ("lead_volume", *RATIOS)
OUTCOMES = (Stage.REJECTED, Stage.RECYCLED, Stage.DISQUALIFIED)
NO_REASON = "No reason given"
TOP_REASONS = 3
RULES_A_QUERY = 20

Entry = dict[str, Any]
Pair = tuple[dict[str, Any], Rule]  # a rule as it is written, and as it is compiled


@dataclass(frozen=True)
class Windows:
    """Whole days under a version, and as many before the day it took effect; that day may be in neither."""

    after: Period
    before: Period

    @property
    def days(self) -> int:
        return (self.after.last - self.after.first).days + 1

    @property
    def whole(self) -> Period:
        return Period(self.before.first, self.after.last, self.after.zone)


def windows(definition: DefinitionSet, workspace: Workspace, now: datetime) -> Windows | None:
    """Return what to compare; None as long as no whole day has passed, or nobody knows since when."""
    if definition.effective_from is None:
        return None
    zone = workspace.zone
    effective = definition.effective_from.astimezone(zone)
    day, last = effective.date(), now.astimezone(zone).date() - DAY
    begins_the_day = Period(day, day, zone).start == definition.effective_from
    first = day if begins_the_day else day + DAY
    if last < first:
        return None
    before = Period(day - (last - first) - DAY, day - DAY, zone)
    return Windows(Period(first, last, zone), before)


# Figures


def entries(of: Windows, now: datetime) -> dict[str, Entry]:
    """Return the KPIs of a review as the report prints them, with their months over both windows."""
    query = ReportQuery(start=of.after.first, end=of.after.last, kpis=MONTHLY)
    after = report.board_for(query, now)
    before, whole = after.over(of.before), after.over(of.whole)
    found = {slug: report.entry(KPIS[slug], query, after, before, None) for slug in MONTHLY}
    for slug, entry in found.items():
        reason = KPIS[slug].missing(whole)
        entry["series"] = report.series(KPIS[slug], whole, "month", reason)
    return {**found, **_reached(after, before, whole)}


def _reached(after: Board, before: Board, whole: Board) -> dict[str, Entry]:
    """Return the rungs in the shape of the report: how many leads came to each."""
    return {rung: _count(rung, after, before, whole) for rung in REACHED}


def _count(rung: str, after: Board, before: Board, whole: Board) -> Entry:
    measure = REACHED[rung]
    value, previous = after.total(measure), before.total(measure)
    months = whole.totals(measure, ("month",))
    return {
        "value": value,
        "previous": previous,
        "change_percent": divide(value - previous, previous, HUNDRED),
        "n": value,
        "note": "",
        "target": None,
        "details": {},
        "series": [
            {"start": bucket.start.isoformat(), "value": months.get((index,), 0)}
            for index, bucket in enumerate(whole.buckets("month"))
        ],
    }


# Why leads are not wanted


@dataclass(frozen=True)
class Reason:
    text: str
    after: int
    before: int


@dataclass(frozen=True)
class Outcome:
    """Leads that left the ladder, with the reasons people gave, most frequent first."""

    stage: str
    label: str
    reasons: list[Reason]

    @property
    def after(self) -> int:
        return sum(reason.after for reason in self.reasons)

    @property
    def before(self) -> int:
        return sum(reason.before for reason in self.reasons)


def outcomes(of: Windows) -> list[Outcome]:
    """Count rejections, recyclings and disqualifications by reason, in both windows."""
    rows = _events(of).filter(stage__in=OUTCOMES).values("stage", "reason")
    counted = rows.annotate(
        after=Count("pk", filter=_in(of.after)), before=Count("pk", filter=_in(of.before))
    )
    found: dict[str, list[Reason]] = {stage: [] for stage in OUTCOMES}
    for stage, text, after, before in counted.values_list("stage", "reason", "after", "before"):
        found[stage].append(Reason(text, after, before))
    return [Outcome(stage, str(Stage(stage).label), merged(reasons)) for stage, reasons in found.items()]


def _in(period: Period) -> Q:
    return Q(at__gte=period.start, at__lt=period.end)


def _events(of: Windows) -> QuerySet[StageEvent]:
    counted = StageEvent.objects.filter(lead__in=Lead.objects.counted().values("pk"))
    return counted.filter(_in(of.after) | _in(of.before)).order_by()


def merged(reasons: Iterable[Reason]) -> list[Reason]:
    """Return reasons that differ in case and space only as one, as it was written most often."""
    ranked = sorted(reasons, key=lambda reason: (-reason.after - reason.before, reason.text))
    found: dict[str, Reason] = {}
    for reason in ranked:
        text = " ".join(reason.text.split()) or NO_REASON
        known = found.get(text.casefold(), Reason(text, 0, 0))
        found[text.casefold()] = Reason(known.text, known.after + reason.after, known.before + reason.before)
    return sorted(found.values(), key=lambda reason: (-reason.after, -reason.before, reason.text))


@dataclass(frozen=True)
class Override:
    """A criterion of a gate that managers overrode."""

    stage: str
    criterion: str
    after: int
    before: int


def overrides(of: Windows) -> list[Override]:
    """Count how often each criterion was missing where a manager moved a lead all the same."""
    rows = _events(of).exclude(unmet=[]).values_list("stage", "unmet", "at")
    counts: dict[bool, Counter[tuple[str, str]]] = {True: Counter(), False: Counter()}
    for stage, unmet, at in rows.iterator(chunk_size=2_000):
        counts[at >= of.after.start].update((stage, criterion) for criterion in unmet)
    found = [
        Override(
            str(Stage(stage).label),
            criterion,
            counts[True][stage, criterion],
            counts[False][stage, criterion],
        )
        for stage, criterion in counts[True] | counts[False]
    ]
    return sorted(found, key=lambda row: (-row.after, -row.before, row.stage, row.criterion))


# Rules whose leads sales does not want


@dataclass(frozen=True)
class RuleRejections:
    """Of the leads made MQL: how many that had a rule's points were rejected, how many of the others."""

    name: str
    sentence: str
    having: int
    rejected: int
    others: int
    rejected_others: int
    reasons: list[tuple[str, int]]

    @property
    def share(self) -> float | None:
        return 100 * self.rejected / self.having if self.having else None

    @property
    def share_others(self) -> float | None:
        return 100 * self.rejected_others / self.others if self.others else None

    @property
    def gap(self) -> float:
        """Return by how many points more its leads are rejected."""
        return (self.share or 0.0) - (self.share_others or 0.0) if self.having and self.others else 0.0


def rule_rejections(definition: DefinitionSet, of: Windows, now: datetime) -> list[RuleRejections]:
    """Compare, rule by rule, the leads made MQL under a version; rules with the largest gap first."""
    if definition.scoring is None:
        return []
    pairs = list(zip(definition.scoring["rules"], read(definition.scoring).rules, strict=True))
    leads = _made_mql(of, now)
    found = [row for batch in _batches(pairs) for row in _compared(batch, leads)]
    return sorted(found, key=lambda row: -row.gap)


def _batches(pairs: list[Pair]) -> Iterator[list[Pair]]:
    return (pairs[start : start + RULES_A_QUERY] for start in range(0, len(pairs), RULES_A_QUERY))


def _made_mql(of: Windows, now: datetime) -> QuerySet[Any]:
    """Return the leads that came to MQL, with why they were rejected since; null where they were not."""
    rejections = StageEvent.objects.filter(
        lead=OuterRef("pk"), stage=Stage.REJECTED, at__gte=OuterRef("mql_at"), at__lte=now
    )
    why = Subquery(rejections.order_by("-at", "-pk").values("reason")[:1])
    made: QuerySet[Any] = Lead.objects.counted().filter(mql_at__gte=of.after.start, mql_at__lt=of.after.end)
    explained: QuerySet[Any] = made.annotate(why=why)
    return explained.order_by()


def _compared(pairs: list[Pair], leads: QuerySet[Any]) -> list[RuleRejections]:
    """Count the leads with each rule by the reason for their rejection, in one query."""
    moment = Moment(F("mql_at"))
    given = {f"rule_{index}": rule.given(moment) for index, (_, rule) in enumerate(pairs)}
    having = {f"having_{name}": Count("pk", filter=Q(**{f"{name}__isnull": False})) for name in given}
    rows = list(leads.annotate(**given).values("why").annotate(all=Count("pk"), **having))
    return [_row(raw, rows, f"having_rule_{index}") for index, (raw, _) in enumerate(pairs)]


def _row(raw: dict[str, Any], rows: list[dict[str, Any]], having: str) -> RuleRejections:
    rejected = [row for row in rows if row["why"] is not None]
    with_rule, all_leads = sum(row[having] for row in rows), sum(row["all"] for row in rows)
    rejected_with, all_rejected = (sum(row[key] for row in rejected) for key in (having, "all"))
    reasons = merged(Reason(row["why"], row[having], 0) for row in rejected if row[having])
    return RuleRejections(
        name=rule_name(raw),
        sentence=rule_sentence(raw),
        having=with_rule,
        rejected=rejected_with,
        others=all_leads - with_rule,
        rejected_others=all_rejected - rejected_with,
        reasons=[(reason.text, reason.after) for reason in reasons[:TOP_REASONS]],
    )
