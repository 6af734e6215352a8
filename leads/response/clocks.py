"""Which policy a lead is under, and by when it asks for an answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

from django.db import connection, transaction
from django.db.models import Case, F, QuerySet, When

from leads.conditions import where
from leads.models import Lead, SlaPolicy
from leads.response.hours import OpeningHours

CHUNK = 5_000


@transaction.atomic
def judge(leads: QuerySet[Lead] | None = None) -> int:
    """Put each lead not judged yet under the first policy that held at its creation; return how many.

    Without any active policy leads wait, so that policies that come later still find them.
    """
    policies = list(SlaPolicy.objects.filter(active=True).select_related("calendar"))
    if not policies:
        return 0
    first = Case(*(When(where(policy.when, at=F("created_at")), then=policy.pk) for policy in policies))
    unjudged = (Lead.objects.all() if leads is None else leads).filter(sla_judged=False).annotate(first=first)
    under = sum(_put_under(policy, unjudged.filter(first=policy.pk)) for policy in policies)
    return under + unjudged.filter(first=None).update(sla_judged=True)


@transaction.atomic
def rejudge(leads: QuerySet[Lead]) -> int:
    """Judge leads again whose creation was dated anew; return how many."""
    leads.update(sla_judged=False, sla_policy=None, response_due_at=None, answered_at=None)
    return judge(leads)


def _put_under(policy: SlaPolicy, leads: QuerySet[Lead]) -> int:
    if policy.clock == SlaPolicy.Clock.BUSINESS_HOURS:
        return _start_business_clocks(policy, leads)
    return leads.update(
        sla_policy=policy,
        sla_judged=True,
        response_due_at=F("created_at") + _target(policy),
        answered_at=F(policy.stopped_by),
    )


def _start_business_clocks(policy: SlaPolicy, leads: QuerySet[Lead]) -> int:
    assert policy.calendar, "A database constraint asks for one."
    hours, target = OpeningHours.of(policy.calendar), _target(policy)
    created = leads.values_list("pk", "created_at").iterator(chunk_size=CHUNK)
    due = ((pk, hours.add(created_at, target)) for pk, created_at in created)
    started = 0
    while chunk := list(islice(due, CHUNK)):
        started += _start(policy, chunk)
    return started


def _start(policy: SlaPolicy, due: list[tuple[int, datetime]]) -> int:
    """Store due times that no SQL expression gives, in one statement."""
    adapt = connection.ops.adapt_datetimefield_value
    values = [value for pk, at in due for value in (pk, adapt(at))]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE leads_lead SET sla_judged = %s, sla_policy_id = %s,
                response_due_at = clock.column2, answered_at = {policy.stopped_by}
            FROM (VALUES {", ".join(["(%s, %s)"] * len(due))}) AS clock
            WHERE leads_lead.id = clock.column1 AND NOT sla_judged
            """,  # noqa: S608
            [True, policy.pk, *values],
        )
        started: int = cursor.rowcount
        return started


def _target(policy: SlaPolicy) -> timedelta:
    return timedelta(microseconds=int(policy.minutes * 60_000_000))
