"""Why a version does not make a lead MQL where another does: the first criterion it fails."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, F, IntegerField, Value, When
from django.db.models.functions import Cast

from kpis.replay import Comparison
from leads import conditions
from leads.conditions import FIELDS
from leads.models import DefinitionSet, Lead
from leads.replaying import Judge
from leads.templatetags.interface import grouped

DERIVED = {"attempts", "stage", "free_email", "age_days", "created_at", "id"}  # better said by the criterion
LONGEST = 120


def reasons(found: Comparison, kind: str, leads: Iterable[Lead]) -> dict[int, str]:
    """Return what to say of each of these leads, by its id, judged where a version made it MQL."""
    made = found.draft if kind == "entering" else found.live
    judging = found.live if kind == "entering" else found.draft
    if made is None or judging is None:
        return {}
    rows = Lead.objects.filter(pk__in=[lead.pk for lead in leads], replayed__replay=made)
    rows = rows.annotate(
        occasion=F("replayed__mql_at"), no_score=Cast(Value(None), output_field=IntegerField())
    )
    return Criteria(judging.definition).say(rows)


class Criteria:
    """The parts of a version's MQL condition that must all hold."""

    def __init__(self, definition: DefinitionSet) -> None:
        self.judge = Judge(definition)
        when = self.judge.when
        self.parts = when["all"] if isinstance(when, dict) and "all" in when else [when]

    def say(self, leads: Any) -> dict[int, str]:
        if not self.judge.gate:
            return dict.fromkeys(leads.values_list("pk", flat=True), "No MQL definition")
        score = self.judge.score()
        failed = [
            When(~conditions.where(part, F("occasion"), score=score), then=Value(index))
            for index, part in enumerate(self.parts)
        ]
        first = Case(*failed, default=None, output_field=IntegerField())
        return {
            lead.pk: self._words(lead)
            for lead in leads.annotate(points=score, failed=first).select_related("channel", "campaign")
        }

    def _words(self, lead: Any) -> str:
        """Return the lead's value where a plain test fails, else the criterion; if none does, its score."""
        part = None if lead.failed is None else self.parts[lead.failed]
        if part is None:
            return _points(lead.points) if "score" in self.judge.asked else ""
        negated = part.get("not")
        tested = negated or part
        if "field" in tested and tested["field"] not in DERIVED:
            return _value(tested["field"], lead)
        text = conditions.sentence(negated) if negated else f"not {conditions.sentence(part)}"
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _value(field: str, lead: Any) -> str:
    """Return what a lead has in a field, as one says it."""
    if field == "score":
        return _points(lead.points)
    if field == "company_size" and lead.company_size is not None:
        return f"{grouped(lead.company_size)} {'employee' if lead.company_size == 1 else 'employees'}"
    label = FIELDS[field].label
    value = getattr(lead, field, None)
    return f"{label[:1].upper()}{label[1:]} {value}" if value else f"No {label}"


def _points(points: int | None) -> str:
    return "No score" if points is None else f"Score {points}"
