"""What people and forms write down of a lead. Whatever changes one has it judged anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from leads import judging, response
from leads.exchange.tables import filling
from leads.models import BehaviourEvent, DefinitionSet, Lead, Submission, User
from leads.models.fields import new_key

LONGEST_KIND = 100


@transaction.atomic
def add_lead(values: dict[str, Any], *, by: User | None, at: datetime, key: str = "") -> Lead:
    """Create a lead with the form it came by, start its response clock and have it judged."""
    lead = Lead(created_at=at, key=key or new_key())
    filling.assign(lead, values)
    _check_owner(lead, None, by)
    lead.save(force_insert=True)
    this = Lead.objects.filter(pk=lead.pk)
    complete = this.filter(is_complete(DefinitionSet.current().key_fields)).exists()
    Submission.objects.create(lead=lead, at=at, landing_page=lead.landing_page, complete=complete)
    response.judge(this)
    judging.changed(this)
    return lead


@transaction.atomic
def edit_lead(lead: Lead, values: dict[str, Any], *, by: User | None) -> set[str]:
    """Set a lead's fields and return which changed. Its form and its response clock stay as they were."""
    lead = _locked(lead)
    owner = lead.owner
    changed = filling.assign(lead, values)
    _check_owner(lead, owner, by)
    if changed:
        lead.save(update_fields=changed)
        judging.changed(Lead.objects.filter(pk=lead.pk))
    return changed


@transaction.atomic
def add_event(lead: Lead, kind: str, *, at: datetime, happened_at: datetime | None = None) -> BehaviourEvent:
    """Record that a lead did something, just now or earlier."""
    happened_at = happened_at or at
    if happened_at > at:
        raise ValidationError({"at": "This lies in the future."})
    if not kind.strip() or len(kind) > LONGEST_KIND or not kind.isprintable():
        raise ValidationError(
            {"kind": f"Use a word of 1 to {LONGEST_KIND} characters, such as pricing_view."}
        )
    event = BehaviourEvent.objects.create(lead=_locked(lead), kind=kind, at=happened_at)
    judging.changed(Lead.objects.filter(pk=lead.pk))
    return event


def is_complete(key_fields: list[str]) -> Q:
    """Return the filter for leads that have all key fields: 0 is filled, blank is not."""
    return Q(*map(_is_filled, key_fields))


def _is_filled(name: str) -> Q:
    nullable: bool = Lead._meta.get_field(name).null
    return Q(**{f"{name}__isnull": False}) if nullable else ~Q(**{name: ""})


def _locked(lead: Lead) -> Lead:
    """Return the lead as it is now, and ours until the transaction ends."""
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    if lead.status == Lead.Status.MERGED:
        raise ValidationError("This lead is merged into another one, which is the one to change.")
    return lead


def _check_owner(lead: Lead, before: User | None, by: User | None) -> None:
    """Let a rep take a lead of nobody; whom else a lead belongs to is for managers and admins."""
    if by is None or by.sees_figures or lead.owner_id == (before.pk if before else None):
        return
    if before is not None or lead.owner_id != by.pk:
        raise ValidationError({"owner": "Only a manager or admin can give a lead to somebody else."})
