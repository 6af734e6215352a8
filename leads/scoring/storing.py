"""Storing scores: of a few leads in one statement, of all of them chunk by chunk.

`scored_at` says since when a score is what it is: leads whose score stays are not written, which keeps
a daily run quick. Leads that count nowhere have a score too, ready for when they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Expression, FloatField, Max, QuerySet
from django.db.models.expressions import RawSQL

from leads import planning
from leads.conditions.moment import Moment
from leads.models import BehaviourEvent, DefinitionSet, Lead
from leads.scoring.model import CATEGORIES, Model, read
from leads.scoring.sql import events, given

CHUNK = 20_000  # leads; about a third of a second, and small enough to sort in memory

Chunk = tuple[int, int]  # the ids of its first and last lead
Tell = Callable[[int, int], None]
Statement = tuple[str, list[Any]]


def rescore(
    at: datetime, leads: QuerySet[Lead] | None = None, *, flag: bool = False, tell: Tell | None = None
) -> int:
    """Store the score of every lead, or of these, as it is at an instant; return how many changed.

    With `flag`, leads whose score rose are to be judged again. Of every lead, `tell` hears how many are done.
    """
    if leads is None:
        return _rescore_all(at, flag, tell or (lambda done, total: None))
    return _rescore(Lead.objects.filter(pk__in=leads.values("pk")), at, flag)


def _rescore(leads: QuerySet[Lead], at: datetime, flag: bool) -> int:
    scoring = DefinitionSet.current().scoring
    if scoring is None:
        return _clear(leads)
    fresh = leads.order_by().values_list("pk", "judged_at", read(scoring).score(Moment(at)))
    return _store(_sql(fresh), at, flag)


@transaction.atomic
def _clear(leads: QuerySet[Lead]) -> int:
    scored = leads.filter(score__isnull=False)
    held = scored.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
    return scored.update(score=None, scored_at=None) if len(held) else 0


def _rescore_all(at: datetime, flag: bool, tell: Tell) -> int:
    """Rescore chunk by chunk; should another version be published meanwhile, begin anew with it."""
    changed, done = 0, None
    while (number := DefinitionSet.current().number) != done:
        changed += _by_version(number, at, flag, tell)
        done = number
    return changed


def _by_version(number: int, at: datetime, flag: bool, tell: Tell) -> int:
    """Rescore while this is the published version; return how many scores changed."""
    changed, done, total = 0, 0, Lead.objects.count()
    tell(0, total)
    for chunk in _chunks():
        version = DefinitionSet.current()
        if version.number != number:
            break
        changed += _rescore_chunk(chunk, version.scoring, at, flag)
        done += CHUNK
        tell(min(done, total), total)
    return changed


def _chunks() -> Iterator[Chunk]:
    """Yield ranges of ids that hold as many leads each."""
    last = 0
    while True:
        first = last + 1
        following = Lead.objects.filter(pk__gte=first).order_by("pk")[:CHUNK]
        last = following.aggregate(last=Max("pk"))["last"]
        if last is None:
            return
        yield first, last


def _rescore_chunk(chunk: Chunk, scoring: Any, at: datetime, flag: bool) -> int:
    if scoring is None:
        return _clear(Lead.objects.filter(pk__range=chunk))
    with planning.without(planning.NESTED_LOOPS, planning.JIT):
        return _store(_fresh(read(scoring), chunk, Moment(at)), at, flag, chunk)


def _fresh(model: Model, chunk: Chunk, moment: Moment) -> Statement:
    """Return the query for the scores of a chunk, with the events of all its leads added up in one go.

    It comes to what `model.score` comes to, lead by lead.
    """
    fits = {category: model.fit(category, moment) for category in CATEGORIES}
    leads = Lead.objects.filter(pk__range=chunk).order_by()
    fit, fit_params = _sql(leads.values_list("pk", "judged_at", *fits.values()))
    done, done_params = _done(model, chunk, moment)
    score, score_params = _expression(model.score_of({each: _sum(model, each) for each in CATEGORIES}))
    query = f"""
        WITH fit (id, judged_at, {", ".join(CATEGORIES)}) AS ({fit}), done AS ({done})
        SELECT fit.id, fit.judged_at, {score} FROM fit LEFT JOIN done ON done.lead_id = fit.id
    """  # noqa: S608
    return query, [*fit_params, *done_params, *score_params]


def _sum(model: Model, category: str) -> RawSQL:
    """Return what a category comes to, read from what `_fresh` joins."""
    done = f" + COALESCE(done.{category}, 0)" if model.event_rules(category) else ""
    return RawSQL(f"(fit.{category}{done})", (), FloatField())  # noqa: S611


def _done(model: Model, chunk: Chunk, moment: Moment) -> Statement:
    """Return the query for the points that each lead of a chunk has for its events, by category."""
    rules = {category: model.event_rules(category) for category in CATEGORIES}
    columns = {
        category: given(each, connection.vendor, felt=True) for category, each in rules.items() if each
    }
    rows = BehaviourEvent.objects.filter(lead_id__gte=chunk[0], lead_id__lte=chunk[1], at__lte=moment.at)
    found, params = _sql(events(rows, [rule for each in rules.values() for rule in each], moment))
    points = "".join(f", {sql} AS {category}" for category, (sql, _) in columns.items())
    kinds = [kind for _, kinds in columns.values() for kind in kinds]
    return f"SELECT e.lead_id{points} FROM ({found}) AS e GROUP BY e.lead_id", [*kinds, *params]  # noqa: S608


def _sql(rows: QuerySet[Any, Any]) -> Statement:
    """Return a query as it stands, even where it can find nothing."""
    sql, params = rows.query.get_compiler(connection=connection, elide_empty=False).as_sql()
    return sql, list(params)


def _expression(expression: Expression) -> Statement:
    """Return an expression over columns that are named already."""
    query = Lead.objects.all().query
    compiler = query.get_compiler(connection=connection)
    sql, params = compiler.compile(expression.resolve_expression(query))
    return sql, list(params)


def _store(fresh: Statement, at: datetime, flag: bool, chunk: Chunk | None = None) -> int:
    """Store the scores of a query of lead, when it was judged, and score, each reckoned once.

    A lead judged since the query began has a score of its own, which knows more. Leads are locked in the
    order everybody locks them in, or two who write many would wait for each other.
    """
    scores, params = fresh
    rose = ", needs_judging = lead.needs_judging OR COALESCE(lead.score < fresh.score, FALSE)" if flag else ""
    within = "AND {}.id BETWEEN %s AND %s" if chunk else ""
    in_order = "ORDER BY held.id FOR NO KEY UPDATE OF held" if connection.vendor == "postgresql" else ""
    table = Lead._meta.db_table
    statement = f"""
        UPDATE {table} AS lead SET score = fresh.score, scored_at = %s{rose}
        FROM (
            WITH once (id, judged_at, score) AS MATERIALIZED ({scores})
            SELECT once.* FROM once JOIN {table} AS held ON held.id = once.id {within.format("held")}
            WHERE held.score IS DISTINCT FROM once.score {in_order}
        ) AS fresh
        WHERE lead.id = fresh.id AND lead.score IS DISTINCT FROM fresh.score
        AND lead.judged_at IS NOT DISTINCT FROM fresh.judged_at {within.format("lead")}
    """  # noqa: S608
    ids = chunk or ()
    with connection.cursor() as cursor:
        cursor.execute(statement, [connection.ops.adapt_datetimefield_value(at), *params, *ids, *ids])
        return int(cursor.rowcount)
