"""The business's words for sets of leads, each once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from leads.models import User


class LeadQuerySet(models.QuerySet[Any]):
    def counted(self, at: datetime | None = None) -> LeadQuerySet:
        """Leads that count: not merged, spam or test; and existing at `at`."""
        leads = self.filter(status="open")
        return leads.filter(created_at__lte=at) if at else leads

    def visible_to(self, user: User | AnonymousUser) -> LeadQuerySet:
        """What this person may see: a rep their own and unassigned leads, others all."""
        if not user.is_authenticated:
            return self.none()
        if user.sees_figures:
            return self
        return self.filter(Q(owner=user) | Q(owner=None))
