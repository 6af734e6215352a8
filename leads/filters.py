"""What a list of leads can be narrowed by."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.utils import timezone

from leads.models import Channel, Lead, Stage, User, Workspace
from leads.times import day_start

LATE, WAITING, ANSWERED = "late", "waiting", "answered"
RESPONSES = [(LATE, "Past its SLA"), (WAITING, "Not tried yet"), (ANSWERED, "Answered")]
DAYS = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2999, 12, 31))]
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
LONGEST_SEARCH = 200  # characters; SQLite takes only so many words in one condition
SEARCH = forms.TextInput(attrs={"type": "search", "placeholder": "Name, company or e-mail"})


class LeadFilterSet(django_filters.FilterSet):  # type: ignore[misc]
    q = django_filters.CharFilter(method="search", label="Search", widget=SEARCH, max_length=LONGEST_SEARCH)
    reached = django_filters.ChoiceFilter(
        choices=Stage.rungs(), method="by_rung", label="Reached", empty_label="Any stage"
    )
    channel = django_filters.ModelChoiceFilter(
        queryset=Channel.objects.all(), to_field_name="key", empty_label="Any channel"
    )
    owner = django_filters.ModelChoiceFilter(
        queryset=User.objects.all(),
        to_field_name="username",
        empty_label="Any owner",
        null_label="Nobody",
        null_value="(none)",
    )
    response = django_filters.ChoiceFilter(
        choices=RESPONSES, method="by_response", label="Response", empty_label="Any response"
    )

    to = django_filters.DateFilter(method="by_last_day", label="To", widget=DAY, validators=DAYS)

    class Meta:
        model = Lead
        fields: list[str] = []

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        """Add `from`, which Python reserves."""
        first = django_filters.DateFilter(method="by_first_day", label="From", widget=DAY, validators=DAYS)
        filters = super().get_filters()
        last = filters.pop("to")
        return {**filters, "from": first, "to": last}

    def by_first_day(self, leads: QuerySet[Lead], name: str, value: date) -> QuerySet[Lead]:
        return leads.filter(created_at__gte=day_start(value, Workspace.current().zone))

    def by_last_day(self, leads: QuerySet[Lead], name: str, value: date) -> QuerySet[Lead]:
        return leads.filter(created_at__lt=day_start(value + timedelta(days=1), Workspace.current().zone))

    def search(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        """Keep leads that have every word in their name, company or e-mail."""
        for word in value.split():
            leads = leads.filter(
                Q(first_name__icontains=word)
                | Q(last_name__icontains=word)
                | Q(company__icontains=word)
                | Q(email__icontains=word)
            )
        return leads

    def by_rung(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        return leads.filter(**{f"{value}_at__lte": timezone.now()})

    def by_response(self, leads: QuerySet[Lead], name: str, value: str) -> QuerySet[Lead]:
        now: dict[str, Any] = {
            LATE: Q(response_due_at__lt=timezone.now(), answered_at=None),
            WAITING: Q(treated_at=None),
            ANSWERED: Q(first_response_at__isnull=False),
        }
        return leads.filter(now[value])
