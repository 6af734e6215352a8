"""Marketing and sales agree to a version, each once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from leads.models import DefinitionSet, SignOff, User


class SigningError(ValueError):
    """Why a version cannot be signed, in words for the person who tried."""


@transaction.atomic
def sign(definition: DefinitionSet, side: str, *, by: User, at: datetime) -> SignOff:
    """Sign a version for a side of the house; the published one only."""
    locked = DefinitionSet.objects.select_for_update().get(pk=definition.pk)
    if locked.status != DefinitionSet.Status.PUBLISHED:
        raise SigningError(f"Only the published version can be signed, and {locked} is not.")
    sign_off, is_new = SignOff.objects.get_or_create(
        definition=locked, side=side, defaults={"by": by, "at": at}
    )
    if not is_new and sign_off.by != by:
        raise SigningError(f"{sign_off.by} has signed for {sign_off.get_side_display().lower()} already.")
    return sign_off


def withdraw(definition: DefinitionSet, side: str) -> bool:
    """Remove a sign-off; return whether there was one."""
    return bool(SignOff.objects.filter(definition=definition, side=side).delete()[0])
