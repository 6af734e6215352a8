"""What qualified means, in versions."""

from django.conf import settings
from django.db import models


class DefinitionSet(models.Model):
    """One version of the ICP, the scoring model and the stage conditions.

    `icp` is a condition or null; `scoring` is null or
    `{"weights", "caps", "rules", "thresholds"}`; `stages` maps mql/sal/sql to
    `{"when", "mode"}`: the shapes of `workspace.json`.
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
    effective_from = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["status"], condition=models.Q(status="published"), name="one_published_definition"
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    @classmethod
    def current(cls) -> "DefinitionSet":
        """Return the published version; before any, an unsaved empty one."""
        return cls.objects.filter(status=cls.Status.PUBLISHED).first() or cls(number=0)
