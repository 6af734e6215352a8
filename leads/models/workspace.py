"""The company's settings: one row."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from leads.models.pipeline import Stage


class Workspace(models.Model):
    """Name, time zone, reporting currency and the settings that KPIs read."""

    class Attribution(models.TextChoices):
        LEAD_SOURCE = "lead_source", "Lead source"
        FIRST = "first", "First touch"
        LAST = "last", "Last touch"
        LAST_NON_DIRECT = "last_non_direct", "Last non-direct touch"
        LINEAR = "linear", "Linear"
        U_SHAPED = "u_shaped", "U-shaped"
        W_SHAPED = "w_shaped", "W-shaped"
        TIME_DECAY = "time_decay", "Time decay"
        MARKOV = "markov", "Markov chain"

    name = models.CharField(max_length=255)
    time_zone = models.CharField(max_length=64, default="UTC")
    currency = models.CharField(max_length=3, default="EUR")
    qualified_stage = models.CharField(max_length=12, choices=Stage.rungs(), default=Stage.MQL)
    conversion_stage = models.CharField(max_length=12, choices=Stage.rungs(), default=Stage.CUSTOMER)
    gross_margin = models.DecimalField(
        max_digits=24,
        decimal_places=12,
        default=Decimal("0.8"),
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    lifetime_months = models.DecimalField(max_digits=24, decimal_places=12, default=Decimal(36))
    attribution_model = models.CharField(max_length=16, choices=Attribution, default=Attribution.LEAD_SOURCE)
    attribution_half_life_days = models.DecimalField(max_digits=24, decimal_places=12, default=Decimal(7))

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_workspace")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> "Workspace":
        """Return the workspace; before any import, an unsaved one with the defaults."""
        return cls.objects.first() or cls(pk=1, name="My company")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Target(models.Model):
    """The value a KPI should reach, in the KPI's own unit."""

    kpi = models.CharField(max_length=64, unique=True)
    value = models.DecimalField(max_digits=30, decimal_places=15)

    class Meta:
        ordering = ["kpi"]

    def __str__(self) -> str:
        return f"{self.kpi}: {self.value}"
