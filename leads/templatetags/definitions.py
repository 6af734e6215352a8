"""What a version of the definitions is about, in a line."""

from __future__ import annotations

from django import template

from leads.definitions.differences import differences
from leads.models import DefinitionSet

register = template.Library()

SAID = 2  # changes of a draft


@register.simple_tag
def version_line(version: DefinitionSet, live: DefinitionSet) -> str:
    """Return why a version was published, or what a draft has changed so far."""
    if version.reason or not version.is_draft:
        return version.reason or "Without a reason"
    if live.pk is None:
        return "The first definitions"
    found = differences(live, version)
    if not found:
        return "No changes yet"
    said = "; ".join(f"{change.part}: {change.text}" for change in found[:SAID])
    return f"{said}; {len(found) - SAID} more" if len(found) > SAID else said
