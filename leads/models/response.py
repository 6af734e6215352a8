"""How fast a lead must be answered."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q


class BusinessCalendar(models.Model):
    """Opening hours in one time zone.

    `hours` maps mon…sun to spans `[["09:00", "12:30"], …]`; `holidays` lists ISO dates;
    `country` adds its national public holidays.
    """

    slug = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(max_length=64)
    hours = models.JSONField(default=dict)
    holidays = models.JSONField(default=list, blank=True)
    country = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class SlaPolicy(models.Model):
    """A response-time rule. The first whose condition holds at a lead's creation applies."""

    class Clock(models.TextChoices):
        ALWAYS = "always", "Around the clock"
        BUSINESS_HOURS = "business_hours", "Business hours"

    class StopsOn(models.TextChoices):
        MEANINGFUL = "meaningful", "Meaningful response"
        ANY = "any", "Any attempt"

    STOPPED_BY = {StopsOn.MEANINGFUL: "first_response_at", StopsOn.ANY: "first_attempt_at"}  # on the lead

    slug = models.CharField(max_length=100, unique=True)
    position = models.PositiveIntegerField()
    when = models.JSONField(null=True, blank=True)
    minutes = models.DecimalField(max_digits=18, decimal_places=10, validators=[MinValueValidator(0)])
    clock = models.CharField(max_length=16, choices=Clock, default=Clock.ALWAYS)
    calendar = models.ForeignKey(
        BusinessCalendar, models.PROTECT, null=True, blank=True, related_name="policies"
    )
    stops_on = models.CharField(max_length=10, choices=StopsOn, default=StopsOn.MEANINGFUL)
    warn_at = models.DecimalField(max_digits=12, decimal_places=10, default=Decimal("0.8"))
    escalate_after_minutes = models.DecimalField(max_digits=18, decimal_places=10, null=True, blank=True)
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "SLA policies"
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(clock="business_hours") | Q(calendar__isnull=False),
                name="business_hours_need_calendar",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def stopped_by(self) -> str:
        """Return the column of a lead that stops this clock."""
        return self.STOPPED_BY[self.StopsOn(self.stops_on)]
