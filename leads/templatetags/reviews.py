"""Whether the definitions wait for a review."""

from __future__ import annotations

from django import template
from django.utils import timezone

from leads.definitions import reminding
from leads.models import DefinitionSet

register = template.Library()


@register.simple_tag
def review_is_due() -> bool:
    return reminding.is_due(DefinitionSet.current(), timezone.now())
