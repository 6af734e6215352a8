"""What a version would have made of past leads: which of them it makes MQL, and when first.

A lead is judged where a worker would have judged it: at its creation, and each time something happened
that changes how it is judged. Columns have no history and are taken as they are now.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, F, IntegerField, Max, Min, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast

from leads import conditions, planning, scoring
from leads.jobs import Tell
from leads.models import DefinitionSet, Lead, Opportunity, Replay, ReplayedLead, Stage

CHUNK = 20_000  # leads, about; each chunk is two statements
ABANDONED_AFTER = timedelta(hours=6)

# The dated rows that change how a lead is judged; the last three only where a condition asks for them
Rows = tuple[str, dict[str, str]]  # the path to their date, and which of them count
EVENTS: Rows = ("events__at", {})
ATTEMPTS: Rows = ("attempts__at", {})
MOVES: tuple[Rows, ...] = (
    ("stage_events__at", {}),
    ("opportunities__opened_at", {}),
    ("opportunities__closed_at", {"opportunities__status": Opportunity.Status.WON}),
)


def no_telling(done: int, total: int) -> None:
    """Take no notice of progress."""


def latest(definition: DefinitionSet, since: datetime | None, *, after: datetime) -> Replay | None:
    """Return the newest finished replay of the version as it stands, unless it is older than that."""
    found = Replay.objects.filter(definition=definition, revision=definition.revision, since=since)
    return found.filter(finished_at__isnull=False, at__gte=after).select_related("definition").first()


def replay(
    definition: DefinitionSet, *, since: datetime | None, at: datetime, tell: Tell = no_telling
) -> Replay:
    """Judge the leads created from `since` on by a version, up to an instant; keep the result only.

    Raises a `ConditionError` where the version's condition or scoring model is wrong.
    """
    judge = Judge(definition)
    leads = Lead.objects.counted(at)
    leads = leads.filter(created_at__gte=since) if since else leads
    run = Replay.objects.create(definition=definition, revision=definition.revision, since=since, at=at)
    try:
        _judge(judge, run, leads, tell)
    except Exception:
        run.delete()
        raise
    _finish(run)
    return run


def _judge(judge: Judge, run: Replay, leads: QuerySet[Lead], tell: Tell) -> None:
    done, total = 0, leads.count()
    for chunk in _chunks(leads):
        with planning.without(planning.JIT):
            judge.store(run, chunk)
        done += chunk.count()
        tell(done, max(total, done))


@transaction.atomic
def _finish(run: Replay) -> None:
    """Show the run, and drop those it takes the place of and those nobody finished."""
    run.finished_at = run.at
    run.save(update_fields=["finished_at"])
    others = Replay.objects.filter(definition=run.definition).exclude(pk=run.pk)
    replaced = Q(since=run.since) if run.since else Q(since=None)
    outdated = ~Q(revision=run.revision)
    others.filter(replaced | outdated, finished_at__isnull=False).delete()
    Replay.objects.filter(finished_at=None, at__lt=run.at - ABANDONED_AFTER).delete()


def _chunks(leads: QuerySet[Lead]) -> Iterator[QuerySet[Lead]]:
    """Yield the leads by ranges of their ids."""
    ends = leads.aggregate(low=Min("pk"), high=Max("pk"))
    if ends["low"] is None:
        return
    for low in range(ends["low"], ends["high"] + 1, CHUNK):
        yield leads.filter(pk__gte=low, pk__lt=low + CHUNK)


class Judge:
    """A version's MQL condition, as a filter over leads at their occasions."""

    def __init__(self, definition: DefinitionSet) -> None:
        self.gate = definition.stages.get(Stage.MQL)
        self.when = self.gate.get("when") if self.gate else None
        self.scoring = definition.scoring
        self.asked = fields_of(self.when)
        if "score" in self.asked and self.scoring:
            self.asked |= fields_of(self.scoring)
            scoring.check(self.scoring)
        conditions.check(self.when)

    def occasions(self) -> list[Rows]:
        """Return the paths from a lead to what changes how it is judged after its creation."""
        attempts = [ATTEMPTS] if "attempts" in self.asked else []
        return [EVENTS, *attempts, *(MOVES if "stage" in self.asked else ())]

    def where(self) -> Q:
        """Return the filter for leads annotated with `occasion` and `no_score`."""
        return conditions.where(self.when, F("occasion"), score=self.score())

    def score(self) -> Any:
        return scoring.score(self.scoring, F("occasion")) if self.scoring else F("no_score")

    def store(self, run: Replay, leads: QuerySet[Lead]) -> None:
        """Store who becomes MQL: at creation first, then the rest at what happened later."""
        if not self.gate:
            return
        _insert(run, self._met(leads, F("created_at")))
        known = ReplayedLead.objects.filter(replay=run, lead=OuterRef("pk"))
        rest = leads.filter(~Exists(known))
        later = [self._met(_happened(rest, *what, run.at), F(what[0])) for what in self.occasions()]
        _insert(run, later[0].union(*later[1:], all=True) if later[1:] else later[0])

    def _met(self, leads: QuerySet[Any], occasion: F) -> Any:
        """Return lead and occasion wherever the condition holds."""
        annotated = leads.annotate(occasion=occasion, no_score=Cast(Value(None), IntegerField()))
        return annotated.filter(self.where()).order_by().values_list(F("pk"), "occasion")


def _happened(leads: QuerySet[Lead], path: str, kept: dict[str, Any], at: datetime) -> QuerySet[Lead]:
    """Return the leads once for each thing that happened after their creation, up to the instant."""
    return leads.filter(**kept, **{f"{path}__gt": F("created_at"), f"{path}__lte": at})


def _insert(run: Replay, met: Any) -> None:
    """Store each lead with the first of its occasions, without leaving the database."""
    query, params = met.query.get_compiler(connection=connection, elide_empty=False).as_sql()
    statement = f"""
        INSERT INTO {ReplayedLead._meta.db_table} (replay_id, lead_id, mql_at)
        WITH met (lead_id, occasion) AS ({query})
        SELECT %s, lead_id, MIN(occasion) FROM met GROUP BY lead_id
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, run.pk])


def fields_of(raw: Any) -> set[str]:
    """Return the fields a condition or scoring model asks about."""
    if isinstance(raw, dict):
        own = {raw["field"]} if isinstance(raw.get("field"), str) else set()
        return own.union(*map(fields_of, raw.values()))
    return set().union(*map(fields_of, raw)) if isinstance(raw, list) else set()
