"""The derived columns of a lead, worked out from all its events in one statement."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet

from leads.models import ContactAttempt, Lead, SlaPolicy, Stage
from leads.models.people import MILESTONES

COLUMNS = ("treated_at", "first_attempt_at", "first_response_at", "answered_at", *MILESTONES)
READ = ("leads_lead", "leads_contactattempt", "leads_stageevent", "leads_opportunity")
RUNGS = [stage for stage, _ in Stage.rungs()]


def rebuild(leads: QuerySet[Lead] | None = None) -> int:
    """Stamp leads with what their events say; return how many changed."""
    stamps = ", ".join(f"{column} = derived.{column}" for column in COLUMNS)
    with connection.cursor() as cursor:
        if leads is None and connection.vendor == "postgresql":
            cursor.execute(f"ANALYZE {', '.join(READ)}")  # after an import the planner knows no sizes yet
        cursor.execute(*_where_stale(f"UPDATE leads_lead SET {stamps} FROM", leads))  # noqa: S608
        changed: int = cursor.rowcount
        return changed


def stale(leads: QuerySet[Lead] | None = None) -> int:
    """Return how many leads `rebuild` would change."""
    with connection.cursor() as cursor:
        cursor.execute(*_where_stale("SELECT COUNT(*) FROM leads_lead,", leads))
        count: int = cursor.fetchone()[0]
        return count


def _where_stale(statement: str, leads: QuerySet[Lead] | None) -> tuple[str, tuple[Any, ...]]:
    """Complete a statement over the leads of which a column differs from what is derived."""
    chosen, params = _in(leads)
    differs = " OR ".join(f"leads_lead.{column} IS DISTINCT FROM derived.{column}" for column in COLUMNS)
    derived = _derived(chosen)
    return (
        f"{statement} ({derived}) AS derived WHERE leads_lead.id = derived.id AND ({differs})",
        params * derived.count(chosen),
    )


def _in(leads: QuerySet[Lead] | None) -> tuple[str, tuple[Any, ...]]:
    """Return what follows the id of a lead to choose these, and its parameters."""
    if leads is None:
        return "IS NOT NULL", ()
    query = leads.order_by().values("pk").query
    sql, params = query.get_compiler(connection=connection, elide_empty=False).as_sql()
    return f"IN ({sql})", tuple(params)


def _derived(chosen: str) -> str:
    """Return the query for the columns of the leads whose id is `chosen`.

    Attempts before creation only make a lead treated. Every rung counts for those below it.
    """
    meaningful = ", ".join(f"'{outcome}'" for outcome in ContactAttempt.MEANINGFUL)
    rung_of = " ".join(f"WHEN '{stage}' THEN {rung}" for rung, stage in enumerate(RUNGS))
    answered = " ".join(f"WHEN '{what}' THEN contacted.{at}" for what, at in SlaPolicy.STOPPED_BY.items())
    reached = ", ".join(
        f"MIN(CASE WHEN rung >= {rung} THEN at END) AS {column}" for rung, column in enumerate(MILESTONES)
    )
    return f"""
    WITH contacted AS (
        SELECT lead_id, MIN(at) AS treated_at,
            MIN(CASE WHEN at >= created_at THEN at END) AS first_attempt_at,
            MIN(CASE WHEN at >= created_at AND outcome IN ({meaningful}) THEN at END) AS first_response_at
        FROM leads_contactattempt JOIN leads_lead ON leads_lead.id = lead_id
        WHERE lead_id {chosen}
        GROUP BY lead_id
    ),
    moves (lead_id, at, rung) AS (
        SELECT lead_id, at, CASE stage {rung_of} END FROM leads_stageevent
        UNION ALL
        SELECT lead_id, opened_at, {RUNGS.index(Stage.OPPORTUNITY)} FROM leads_opportunity
        UNION ALL
        SELECT lead_id, closed_at, {RUNGS.index(Stage.CUSTOMER)} FROM leads_opportunity WHERE status = 'won'
    ),
    reached AS (
        SELECT lead_id, {reached} FROM moves WHERE lead_id {chosen} GROUP BY lead_id
    )
    SELECT leads_lead.id, contacted.treated_at, contacted.first_attempt_at, contacted.first_response_at,
        CASE stops_on {answered} END AS answered_at, {", ".join(f"reached.{at}" for at in MILESTONES)}
    FROM leads_lead
    LEFT JOIN contacted ON contacted.lead_id = leads_lead.id
    LEFT JOIN reached ON reached.lead_id = leads_lead.id
    LEFT JOIN leads_slapolicy ON leads_slapolicy.id = sla_policy_id
    WHERE leads_lead.id {chosen}
    """  # noqa: S608
