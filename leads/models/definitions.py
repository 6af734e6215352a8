"""What qualified means, in versions; and what a version makes of the leads of the past."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

KEY_FIELDS = ["company_size", "industry", "job_title"]
REVIEW_DAYS = 90
CONTENT = ("icp", "scoring", "stages", "key_fields")  # what a published version keeps as it is


class PublishedError(Exception):
    """A published version never changes."""


def default_key_fields() -> list[str]:
    return list(KEY_FIELDS)


class DefinitionSet(models.Model):
    """One version of the ICP, the scoring model, the stage conditions and the key fields.

    `icp` is a condition or null; `scoring` is null or
    `{"weights", "caps", "rules", "thresholds"}`; `stages` maps mql/sal/sql to
    `{"when", "mode"}`: the shapes of `workspace.json`. A draft may be unfinished and even wrong;
    a published version is neither, and never changes.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        SUPERSEDED = "superseded", "Superseded"

    number = models.PositiveIntegerField(unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    icp = models.JSONField(null=True, blank=True)
    scoring = models.JSONField(null=True, blank=True)
    stages = models.JSONField(default=dict, blank=True)
    key_fields = models.JSONField(default=default_key_fields, blank=True)

    based_on = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    revision = models.PositiveIntegerField(default=0)  # how often the draft was saved

    effective_from = models.DateTimeField(null=True, blank=True)  # of a draft: when it is to be published
    superseded_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True, default="")
    judges_open_leads = models.BooleanField(default=False)  # when published: also those it finds

    review_days = models.PositiveSmallIntegerField(default=REVIEW_DAYS)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    review_reminded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="published"), name="one_published_definition"
            ),
            models.UniqueConstraint(
                fields=["status"], condition=Q(status="draft"), name="one_draft_definition"
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it, unless that would change what was published."""
        if not self._state.adding:
            self._refuse_changes(kwargs.get("update_fields") or ("status", *CONTENT))
        super().save(*args, **kwargs)

    def _refuse_changes(self, names: Iterable[str]) -> None:
        kept = set(names) & {"status", *CONTENT}
        published = DefinitionSet.objects.filter(pk=self.pk).exclude(status=self.Status.DRAFT)
        stored = published.values(*kept).first() if kept else None
        if stored is None:
            return
        if any(getattr(self, name) != stored[name] for name in kept & set(CONTENT)):
            raise PublishedError(f"{self} is published and never changes: edit a draft.")
        if "status" in kept and self.is_draft:
            raise PublishedError(f"{self} is published and cannot become a draft again.")

    @classmethod
    def current(cls) -> "DefinitionSet":
        """Return the published version; before any, an unsaved empty one."""
        return cls.objects.filter(status=cls.Status.PUBLISHED).first() or cls(number=0)

    @classmethod
    def draft(cls) -> "DefinitionSet | None":
        """Return the draft being edited, if there is one."""
        return cls.objects.filter(status=cls.Status.DRAFT).first()

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT


class SignOff(models.Model):
    """A side of the house agreed to a version."""

    class Side(models.TextChoices):
        MARKETING = "marketing", "Marketing"
        SALES = "sales", "Sales"

    definition = models.ForeignKey(DefinitionSet, models.CASCADE, related_name="sign_offs")
    side = models.CharField(max_length=9, choices=Side)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["side"]
        constraints = [models.UniqueConstraint(fields=["definition", "side"], name="one_sign_off_a_side")]

    def __str__(self) -> str:
        return f"{self.definition} for {self.side}"


class Replay(models.Model):
    """A run of a version over the leads created from `since` on (null: all of them), up to `at`."""

    definition = models.ForeignKey(DefinitionSet, models.CASCADE, related_name="replays")
    revision = models.PositiveIntegerField(default=0)  # of the definition when it ran
    since = models.DateTimeField(null=True)
    at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.definition} replayed at {self.at:%Y-%m-%d %H:%M}"


class ReplayedLead(models.Model):
    """A lead that the replayed version would have made MQL, and when first."""

    replay = models.ForeignKey(Replay, models.CASCADE, related_name="leads")
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="replayed")
    mql_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["replay", "lead"], name="one_replayed_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id} MQL {self.mql_at:%Y-%m-%d}"


class PredictiveModel(models.Model):
    """A trained forecast of which leads are won. The latest is used; older ones stay for comparison.

    `weights` holds the features and their coefficients, `quality` what it is worth on later leads,
    `suggestions` the points it would give the scoring rules.
    """

    definition = models.ForeignKey(DefinitionSet, models.SET_NULL, null=True, related_name="+")
    trained_at = models.DateTimeField()
    weights = models.JSONField()
    quality = models.JSONField()
    suggestions = models.JSONField(default=list)

    class Meta:
        ordering = ["-trained_at", "-pk"]

    def __str__(self) -> str:
        return f"Trained {self.trained_at:%Y-%m-%d %H:%M}"
