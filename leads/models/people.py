"""Leads and the forms they filled."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from leads.models.fields import key_field, optional_key_field, text_field
from leads.models.marketing import Campaign, Channel, LandingPage
from leads.models.response import SlaPolicy
from leads.querysets import LeadQuerySet

MILESTONES = ("mql_at", "sal_at", "sql_at", "opportunity_at", "customer_at")


class Lead(models.Model):
    """One captured contact.

    The columns from `treated_at` on are derived: services stamp them from the events,
    `rebuild_milestones` proves they agree, KPIs read them. Each is the *earliest* such
    instant, so "by as_of" is a comparison.
    """

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        MERGED = "merged", "Merged"
        SPAM = "spam", "Spam"
        TEST = "test", "Test"

    key = key_field()
    created_at = models.DateTimeField()
    email = text_field()
    email_domain = text_field(editable=False)  # of `email`, case-folded; stamped with it
    first_name = text_field()
    last_name = text_field()
    phone = text_field()
    job_title = text_field()
    seniority = text_field()
    job_function = text_field()
    company = text_field()
    website = text_field()
    company_size = models.PositiveIntegerField(null=True, blank=True)
    industry = text_field()
    country = text_field()
    region = text_field()
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, blank=True, related_name="leads")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="leads")
    landing_page = models.ForeignKey(LandingPage, models.PROTECT, null=True, blank=True, related_name="leads")
    utm_source = text_field()
    utm_medium = text_field()
    utm_campaign = text_field()
    utm_term = text_field()
    utm_content = text_field()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="leads"
    )
    tags = models.TextField(blank=True, default="")  # `;` between
    status = models.CharField(max_length=6, choices=Status, default=Status.OPEN)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")

    score = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    scored_at = models.DateTimeField(null=True, blank=True, editable=False)
    needs_judging = models.BooleanField(default=False, editable=False)  # changed since scored and judged
    judged_at = models.DateTimeField(null=True, editable=False)  # scored and judged last, after a change

    treated_at = models.DateTimeField(null=True, editable=False)  # any attempt, even before creation
    first_attempt_at = models.DateTimeField(null=True, editable=False)  # at or after creation
    first_response_at = models.DateTimeField(null=True, editable=False)  # the same, meaningful
    sla_judged = models.BooleanField(default=False, editable=False)
    sla_policy = models.ForeignKey(
        SlaPolicy, models.PROTECT, null=True, blank=True, editable=False, related_name="leads"
    )
    response_due_at = models.DateTimeField(null=True, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)  # what stops the policy's clock
    mql_at = models.DateTimeField(null=True, editable=False)  # this rung or a later one
    sal_at = models.DateTimeField(null=True, editable=False)
    sql_at = models.DateTimeField(null=True, editable=False)
    opportunity_at = models.DateTimeField(null=True, editable=False)
    customer_at = models.DateTimeField(null=True, editable=False)

    objects = LeadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status="merged", merged_into__isnull=False)
                | (~Q(status="merged") & Q(merged_into__isnull=True)),
                name="merged_into_survivor",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("pk")),
                name="not_merged_into_itself",
            ),
        ]
        indexes = [
            models.Index("created_at", name="lead_created_at"),
            models.Index(fields=["owner", "-created_at"], name="lead_owner_newest"),
            models.Index("response_due_at", name="lead_due", condition=Q(answered_at=None)),
            models.Index("id", name="lead_unjudged", condition=Q(sla_judged=False)),  # what sweeps look for
            models.Index("id", name="lead_unscored", condition=Q(score=None)),
            models.Index("id", name="lead_needs_judging", condition=Q(needs_judging=True)),
            *(
                models.Index(name, name=f"lead_{name}", condition=Q(**{f"{name}__isnull": False}))
                for name in MILESTONES
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.company or self.key

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def reached_at(self, stage: str) -> datetime | None:
        """Return when the lead reached this rung or a later one."""
        at: datetime | None = getattr(self, f"{stage}_at")
        return at


class ScoreOverride(models.Model):
    """What a person says a lead is worth, beside what the model says. It never replaces the score.

    People see it and queues go by it; definitions, segments and KPIs read the reckoned score.
    """

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="score_overrides")
    score = models.PositiveSmallIntegerField()  # 0 to 100
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.CheckConstraint(condition=Q(score__lte=100), name="override_up_to_100"),
            models.UniqueConstraint(
                fields=["lead"], condition=Q(ended_at=None), name="one_standing_override_a_lead"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.score}"


class Submission(models.Model):
    """A filled form. `complete` is fixed when the form arrives."""

    key = optional_key_field()
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="submissions")
    at = models.DateTimeField()
    landing_page = models.ForeignKey(
        LandingPage, models.PROTECT, null=True, blank=True, related_name="submissions"
    )
    complete = models.BooleanField()

    class Meta:
        indexes = [models.Index("at", name="submission_at")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.at:%Y-%m-%d %H:%M}"
