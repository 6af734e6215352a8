"""What people type: a lead, and a move on the ladder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import validate_email
from django.db.models import Q
from django.forms import BoundField
from django.http import QueryDict
from django.utils import timezone

from leads.models import Lead, Stage, User
from leads.stages import LONGEST_REASON, StageError
from leads.times import day_start

if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Lead]
else:
    _ModelForm = forms.ModelForm

LARGEST_COMPANY = 2_147_483_647
NOBODY = "Nobody yet"
PARTS = {
    "Contact": ("first_name", "last_name", "email", "phone", "job_title", "seniority", "job_function"),
    "Company": ("company", "website", "company_size", "industry", "country", "region"),
    "Where from": ("channel", "campaign", "landing_page"),
    "Work": ("owner", "tags"),
}
NAMING = ("first_name", "last_name", "email", "company")


class LeadForm(_ModelForm):
    """A lead's fields that the viewer may change; `seen` tells whether somebody else did since."""

    company_size = forms.IntegerField(
        min_value=0, max_value=LARGEST_COMPANY, required=False, label="Employees"
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Lead
        fields = [name for names in PARTS.values() for name in names]
        labels = {"email": "E-mail", "company": "Name", "job_function": "Function"}
        help_texts = {"tags": "With a semicolon between", "channel": "Left blank, that of the campaign"}
        widgets = {"tags": forms.TextInput, "phone": forms.TextInput(attrs={"type": "tel"})}

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer
        for name in ("channel", "campaign", "landing_page"):
            self._choice(name).empty_label = "None"
        self._limit_owner()
        self.stored = {name: self._stored(name) for name in self.fields if name != "seen"}
        self.initial["seen"] = self.fingerprint

    def _choice(self, name: str) -> forms.ModelChoiceField[Any]:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field

    def _limit_owner(self) -> None:
        """Offer everybody to managers and admins; to reps themselves, where nobody has the lead."""
        owner, lead = self._choice("owner"), self.instance
        owner.empty_label = NOBODY
        if self.viewer.sees_figures:
            owner.queryset = User.objects.filter(Q(is_active=True) | Q(pk=lead.owner_id))
        elif lead.owner_id is None:
            owner.queryset = User.objects.filter(pk=self.viewer.pk)
        else:
            del self.fields["owner"]

    def _stored(self, name: str) -> Any:
        return self.instance.serializable_value(name)

    @property
    def fingerprint(self) -> str:
        """Return what identifies the values this form was filled with."""
        text = json.dumps(self.stored, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def clean_email(self) -> str:
        """Ask for an address, but leave one that an import brought as it is."""
        email: str = self.cleaned_data["email"]
        if email and email != self.stored["email"].strip():
            validate_email(email)
        return email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if not self.errors and not any(values.get(name) for name in NAMING):
            raise forms.ValidationError("Give a name, an e-mail address or a company.")
        return values

    def note_conflict(self) -> None:
        """Say what the lead's fields are by now, where somebody else changed them meanwhile.

        Saved once more, what was typed wins: it was typed knowing what is replaced.
        """
        if self.instance.pk is None or self.data.get("seen") == self.fingerprint:
            return
        assert isinstance(self.data, QueryDict)
        self.data = self.data.copy()
        self.data["seen"] = self.fingerprint
        for name in self._differing():
            self.add_error(name, f"Now: {self._now(name)}")
        words = "Somebody changed this lead while you did. Save again to replace what is there now."
        self.add_error(None, words)

    def _differing(self) -> list[str]:
        return [name for name in self.values() if name in self.fields]

    def _now(self, name: str) -> str:
        value = self.stored[name]
        if value in (None, ""):
            return "blank"
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField):
            return str(field.queryset.filter(pk=value).first()) if field.queryset is not None else ""
        return str(value)

    def values(self) -> dict[str, Any]:
        """Return the fields that differ from what is stored, blanks around a text aside."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "seen"}
        return {name: value for name, value in given.items() if not self._is_stored(name, value)}

    def _is_stored(self, name: str, value: Any) -> bool:
        stored = self.stored[name]
        if isinstance(stored, str):  # an input keeps no line breaks, a form no blanks around
            return bool(stored.replace("\r", "").replace("\n", "").strip() == value)
        return bool(stored == getattr(value, "pk", value))

    def parts(self) -> Iterator[tuple[str, list[BoundField]]]:
        """Return the fields as they stand together."""
        for title, names in PARTS.items():
            yield title, [self[name] for name in names if name in self.fields]


class MoveForm(forms.Form):
    """What a move asks for besides the stage it leads to."""

    to = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    returns_on = forms.DateField(
        required=False, widget=forms.DateInput(attrs={"type": "date"}), label="Comes back on"
    )
    override = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def asked(self, zone: ZoneInfo) -> dict[str, Any]:
        """Return the move's arguments."""
        given = self.cleaned_data
        day = given["returns_on"] if given["to"] == Stage.RECYCLED else None
        return {
            "reason": given["reason"],
            "override": given["override"],
            "returns_at": day and day_start(day, zone),
        }

    def refuse(self, error: StageError) -> None:
        """Show why the move was refused, at the field it is about."""
        names = {"reason": "reason", "returns_at": "returns_on"}
        self.add_error(names.get(error.field), error.message)


def default_return(at: datetime) -> str:
    """Return the day a recycled lead comes back unless somebody chooses another."""
    return timezone.localtime(at + timedelta(days=90)).date().isoformat()
