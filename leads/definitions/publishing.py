"""The form that publishes a draft: why, for whom, when, and whether people are told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import IntegerField, Value
from django.db.models.functions import Cast

from leads.conditions import where
from leads.conditions.facts import stage
from leads.conditions.moment import Moment
from leads.conditions.values import ConditionError
from leads.definitions.storing import MAX_REASON
from leads.models import DefinitionSet, Lead, Workspace
from leads.scoring.model import read
from leads.stages.ladder import below
from leads.times import parse_instant

UNSCORED = Cast(Value(None), IntegerField())
NOW, LATER = "now", "later"
NEW, OPEN = "new", "open"
LOCAL = forms.DateTimeInput(attrs={"type": "datetime-local"})


class PublishForm(forms.Form):
    reason = forms.CharField(label="What changes, in one line", max_length=MAX_REASON, strip=True)
    applies_to = forms.ChoiceField(choices=[(NEW, "new"), (OPEN, "open")], initial=NEW)
    start = forms.ChoiceField(choices=[(NOW, "now"), (LATER, "later")], initial=NOW)
    effective_from = forms.CharField(label="From", required=False, max_length=40, widget=LOCAL)
    tell = forms.BooleanField(required=False, initial=True)
    revision = forms.IntegerField(min_value=0, max_value=2_000_000_000, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Require a date where one is asked for; it is in the workspace's zone."""
        given = super().clean() or self.cleaned_data
        if given.get("start") == LATER and "effective_from" not in self.errors:
            given["effective_from"] = self._instant(given.get("effective_from", ""))
        return given

    def _instant(self, text: str) -> datetime | None:
        try:
            return parse_instant(text, Workspace.current().zone)
        except ValueError:
            self.add_error("effective_from", "Enter a date and a time.")
            return None


def would_become_mql(draft: DefinitionSet, at: datetime) -> int | None:
    """Count the open leads below MQL that the draft makes MQL now; None if it makes none by itself."""
    spec = draft.stages.get("mql") if isinstance(draft.stages, dict) else None
    if not isinstance(spec, dict) or spec.get("mode") != "automatic":
        return None
    moment = Moment(at)
    try:
        score = UNSCORED if draft.scoring is None else read(draft.scoring).score(moment)
        meeting = Lead.objects.counted(at).filter(where(spec.get("when"), at, score=score))
    except ConditionError:
        return None
    return int(meeting.annotate(current=stage(moment)).filter(current__in=below("mql")).count())
