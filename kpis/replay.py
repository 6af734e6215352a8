"""What a draft would have changed: its replay beside that of the current version and what was recorded.

All figures speak of the leads created in a window of whole days up to now, whenever they became MQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.lookups import In

from kpis.board import RESTATED, Board
from kpis.definitions import NONE, Measure
from kpis.measures import FOLLOWED, LEAD, LEADS, MARKETING_SPEND, both, by_as_of
from kpis.periods import DAY, Period
from leads import jobs, replaying
from leads.conditions import ConditionError, facts
from leads.conditions.moment import Moment
from leads.models import DefinitionSet, Job, Lead, Opportunity, Replay, Stage, User, Workspace

KIND = "replay"
WINDOWS = (30, 90, 180, 365)
FRESH = timedelta(minutes=15)
KINDS = {"leaving": "No longer MQL", "entering": "Newly MQL", "unchanged": "Unchanged"}
TURNED_DOWN = [Stage.REJECTED.value, Stage.DISQUALIFIED.value]

# What is counted of the leads created in the window


def decided(board: Board) -> Q:
    """Return the condition that it is known what became of a lead: won, lost or turned down."""
    deals = Opportunity.objects.filter(lead=OuterRef("pk"), opened_at__lte=board.as_of)
    closed = Q(closed_at__lte=board.as_of) & ~Q(status=Opportunity.Status.OPEN)
    lost = Exists(deals.filter(closed, status=Opportunity.Status.LOST)) & ~Exists(deals.exclude(closed))
    turned_down = In(facts.stage(Moment(board.as_of)), TURNED_DOWN)
    return Q(customer_at__lte=board.as_of) | Q(lost) | Q(turned_down)


is_mql = by_as_of("mql_at")
MQLS = FOLLOWED["created_at", "mql_at"]
SQLS = Measure(label="SQLs", source=LEAD, date="created_at", where=both(is_mql, by_as_of("sql_at")))
WON = Measure(label="Won", source=LEAD, date="created_at", where=both(is_mql, by_as_of("customer_at")))
DECIDED = Measure(label="Decided", source=LEAD, date="created_at", where=both(is_mql, decided))
CUSTOMERS = Measure(label="Customers", source=LEAD, date="created_at", where=by_as_of("customer_at"))
BY_WEEK = Measure(
    label="MQLs a week",
    source=LEAD,
    date="mql_at",
    where=lambda board: Q(created_at__gte=board.period.start),
)
COUNTED = {"mqls": MQLS, "sqls": SQLS, "customers": WON, "decided": DECIDED}


@dataclass(frozen=True)
class Comparison:
    """A draft's replay, that of the version in force (none before the first), and the boards on them."""

    days: int
    draft: Replay
    live: Replay | None
    workspace: Workspace

    @property
    def until(self) -> datetime:
        """Return the instant both were replayed up to."""
        return min(self.draft.at, self.live.at) if self.live else self.draft.at

    @property
    def period(self) -> Period:
        return window(self.days, self.draft.at, self.workspace)

    def board(self, run: Replay | None) -> Board:
        """Return the board of a replay; without one, of what was recorded."""
        return Board(
            workspace=self.workspace,
            definitions=DefinitionSet.current(),
            period=self.period,
            as_of=self.until,
            restated=run,
            measures=frozenset((LEADS, CUSTOMERS, *COUNTED.values())),
        )

    def leads(self, kind: str, channel: str = "") -> QuerySet[Lead]:
        """Return the leads of one kind, with `occasion` where a version made them MQL."""
        runs = (self.draft, self.live) if kind == "entering" else (self.live, self.draft)
        here, there = (self._mqls(run, channel) for run in runs)
        in_both = Q(pk__in=there.values("pk"))
        rows = here.filter(in_both if kind == "unchanged" else ~in_both)
        return rows.annotate(occasion=F(RESTATED)) if runs[0] else rows

    def _mqls(self, run: Replay | None, channel: str) -> QuerySet[Any]:
        if run is None:
            return Lead.objects.none()
        board = self.board(run)
        return (board.narrowed("channel", channel) if channel else board).rows(MQLS)


def window(days: int, at: datetime, workspace: Workspace) -> Period:
    """Return the last so many days of the workspace, today included."""
    today = at.astimezone(workspace.zone).date()
    return Period(today - (days - 1) * DAY, today, workspace.zone)


# Figures


def figures(found: Comparison) -> dict[str, Any]:
    """Return what the pages show, as JSON knows it."""
    draft, period = found.board(found.draft), found.period
    boards = {"draft": draft, "recorded": found.board(None)}
    if found.live:
        boards["live"] = found.board(found.live)
    budget = draft.total(MARKETING_SPEND)
    return {
        "days": found.days,
        "first": period.first.isoformat(),
        "until": found.until.isoformat(),
        "leads": draft.total(LEADS),
        "customers": draft.total(CUSTOMERS),
        "reps": User.objects.filter(role=User.Role.REP, is_active=True).count(),
        "workdays": workdays(period),
        "budget": None if budget.amount is None else str(budget.amount),
        "unrated": budget.unrated,
        "sides": {name: side(board) for name, board in boards.items()},
        "unchanged": _unchanged(found),
        "channels": _channels(boards),
        "weeks": _weeks(boards),
    }


def side(board: Board) -> dict[str, int]:
    return {name: board.total(measure) for name, measure in COUNTED.items()}


def workdays(period: Period) -> int:
    """Return the Mondays to Fridays of a period."""
    days = (period.last - period.first).days + 1
    return sum((period.first + number * DAY).weekday() < 5 for number in range(days))


def _unchanged(found: Comparison) -> dict[str, int]:
    """Return how many leads both versions make MQL, and what became of them."""
    if not found.live:
        return {"mqls": 0, "sqls": 0, "customers": 0}
    counts: dict[str, int] = found.leads("unchanged").aggregate(
        mqls=Count("pk"),
        sqls=Count("pk", filter=Q(sql_at__lte=found.until)),
        customers=Count("pk", filter=Q(customer_at__lte=found.until)),
    )
    return counts


def _channels(boards: dict[str, Board]) -> list[dict[str, Any]]:
    """Return each channel's leads and MQLs, most leads first, (none) last."""
    draft = boards["draft"]
    leads = draft.totals(LEADS, ("channel",), alone=True)
    mqls = {name: board.totals(MQLS, ("channel",), alone=True) for name, board in boards.items()}
    rows = [
        {
            "key": channel,
            "label": draft.label("channel", channel) if channel != NONE else NONE,
            "leads": count,
            **{name: counts.get((channel,), 0) for name, counts in mqls.items()},
        }
        for (channel,), count in leads.items()
    ]
    return sorted(rows, key=lambda row: (row["key"] == NONE, -row["leads"], row["key"]))


def _weeks(boards: dict[str, Board]) -> list[dict[str, Any]]:
    counts = {name: board.totals(BY_WEEK, ("week",)) for name, board in boards.items()}
    draft = boards["draft"]
    return [
        {
            "start": bucket.start.isoformat(),
            **{name: totals.get((index,), 0) for name, totals in counts.items()},
        }
        for index, bucket in enumerate(draft.buckets("week"))
    ]


# The work


def start(draft: DefinitionSet, days: int, *, by: User, at: datetime) -> Job:
    """Have a draft replayed as it stands; call off what speaks of it as it stood."""
    params = {"definition": draft.pk, "revision": draft.revision, "days": days}
    for job in _open(draft):
        if job.params != params:
            jobs.cancel(job, at)
    return jobs.start(KIND, params, by=by, at=at)


def _open(draft: DefinitionSet) -> QuerySet[Job]:
    return Job.objects.filter(
        kind=KIND, params__definition=draft.pk, state__in=[Job.State.WAITING, Job.State.RUNNING]
    )


def latest(draft: DefinitionSet, days: int) -> Job | None:
    """Return the newest job over the draft as it stands."""
    return jobs.latest(KIND, definition=draft.pk, revision=draft.revision, days=days)


def latest_done(draft: DefinitionSet, days: int) -> Job | None:
    """Return the newest job that came to an end, whatever the draft was then."""
    done = Job.objects.filter(kind=KIND, params__definition=draft.pk, params__days=days)
    return done.filter(state=Job.State.DONE).order_by("-finished_at", "-pk").first()


def is_fresh(job: Job, draft: DefinitionSet, now: datetime) -> bool:
    """Tell whether a job's result still says what the draft would change."""
    assert job.finished_at and job.result
    same = job.params["revision"] == draft.revision and job.result["against"] == DefinitionSet.current().pk
    today = window(job.params["days"], now, Workspace.current()).first.isoformat()
    return same and job.result["first"] == today and now - job.finished_at < FRESH


def comparison(job: Job) -> Comparison | None:
    """Return the replays behind a result, if they are still there."""
    result = job.result or {}
    runs = Replay.objects.in_bulk([pk for pk in (result.get("draft"), result.get("live")) if pk])
    draft, live = runs.get(result.get("draft")), runs.get(result.get("live"))
    if draft is None or (result["live"] and live is None):
        return None
    return Comparison(job.params["days"], draft, live, Workspace.current())


@jobs.work(KIND)
def work(job: Job, tell: jobs.Tell) -> dict[str, Any]:
    """Replay the draft and the version in force over the same days, and compare them."""
    draft = DefinitionSet.objects.filter(
        pk=job.params["definition"], revision=job.params["revision"], status=DefinitionSet.Status.DRAFT
    ).first()
    if draft is None:
        raise jobs.JobError("The draft was changed or published meanwhile.")
    at, workspace = job.started_at or job.created_at, Workspace.current()
    current = DefinitionSet.current()
    since = window(job.params["days"], at, workspace).start
    live = replaying.latest(current, since, after=at - FRESH) if current.pk else None
    parts = 2 if current.pk and not live else 1
    run = _replay(draft, since, at, lambda done, total: tell(done, total * parts))
    if parts == 2:
        live = _replay(current, since, at, lambda done, total: tell(total + done, total * 2))
    found = Comparison(job.params["days"], run, live, workspace)
    return {"draft": run.pk, "live": live and live.pk, "against": current.pk} | figures(found)


def _replay(definition: DefinitionSet, since: datetime, at: datetime, tell: jobs.Tell) -> Replay:
    try:
        return replaying.replay(definition, since=since, at=at, tell=tell)
    except ConditionError as error:
        whose = "The draft" if definition.is_draft else str(definition)
        raise jobs.JobError(f"{whose} can't be replayed: {error}") from error
