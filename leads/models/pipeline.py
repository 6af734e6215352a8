"""The ladder: stage events and deals."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models.fields import currency_field, key_field, money_field, optional_key_field


class Stage(models.TextChoices):
    """Rungs in order, then outcomes. A tie in time goes to the one further down this list."""

    MQL = "mql", "MQL"
    SAL = "sal", "SAL"
    SQL = "sql", "SQL"
    OPPORTUNITY = "opportunity", "Opportunity"
    CUSTOMER = "customer", "Customer"
    REJECTED = "rejected", "Rejected"
    RECYCLED = "recycled", "Recycled"
    DISQUALIFIED = "disqualified", "Disqualified"

    @classmethod
    def rungs(cls) -> list[tuple[str, str]]:
        """Return the choices that are rungs, lowest first."""
        return [(stage.value, str(stage.label)) for stage in list(cls)[:5]]


class StageEvent(models.Model):
    """A lead came to a stage. Never edited: a correction is a new event.

    What a bundle brings has no `from_stage`; a move made here always has one. It was made by a person,
    or by the `rule` that names the stage whose condition held.
    """

    key = optional_key_field()
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="stage_events")
    stage = models.CharField(max_length=12, choices=Stage)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True, default="")
    from_stage = models.CharField(max_length=12, blank=True, default="")  # a stage, or `lead` before any
    rule = models.CharField(max_length=64, blank=True, default="")
    unmet = models.JSONField(default=list, blank=True)  # criteria of the gate that a manager overrode
    returns_at = models.DateTimeField(null=True, blank=True)  # of a recycled lead: when to come back to it
    definition = models.ForeignKey(
        "leads.DefinitionSet", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        indexes = [
            models.Index("lead", "at", name="stage_event_lead"),
            models.Index("returns_at", name="stage_event_returns", condition=Q(returns_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.stage}"


class Opportunity(models.Model):
    """A deal. Opening it brings its lead to *opportunity*, winning it to *customer*."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    key = key_field()
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="opportunities")
    name = models.CharField(max_length=255, blank=True, default="")
    opened_at = models.DateTimeField()
    amount = money_field(null=True, blank=True)
    currency = currency_field()
    monthly_revenue = money_field(null=True, blank=True)
    status = models.CharField(max_length=4, choices=Status)
    closed_at = models.DateTimeField(null=True, blank=True)
    lost_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "opportunities"
        constraints = [
            models.CheckConstraint(
                condition=Q(status="open") | Q(closed_at__isnull=False), name="closed_deal_has_date"
            ),
        ]
        indexes = [
            models.Index("opened_at", name="opportunity_opened_at"),
            models.Index("closed_at", name="opportunity_won_at", condition=Q(status="won")),
        ]

    def __str__(self) -> str:
        return self.name or self.key
