"""Work done in the background: jobs people wait for, and mail on its way out."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models.fields import text_field


class Job(models.Model):
    """Long work with progress: watched, left, cancelled, and taken up again when a worker dies."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OF_ADMINS = ("rescore", "train")  # kinds that only admins start and call off
    ENDED = (State.DONE, State.FAILED, State.CANCELLED)

    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    done = models.PositiveIntegerField(default=0)  # of `total`, in the job's own unit
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    error = models.TextField(blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)  # the worker's last sign of life
    finished_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["kind", "-created_at"], name="job_latest"),
            models.Index("created_at", name="job_open", condition=Q(state__in=["waiting", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def has_ended(self) -> bool:
        return self.state in self.ENDED

    @property
    def is_of_admins(self) -> bool:
        return self.kind in self.OF_ADMINS

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0


class Mail(models.Model):
    """A message to send once: the key says which, however often it is asked for."""

    key = models.CharField(max_length=200, unique=True)
    to = models.EmailField(max_length=254)
    subject = text_field()
    body = models.TextField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        verbose_name_plural = "mail"
        indexes = [models.Index("created_at", name="mail_unsent", condition=Q(sent_at=None))]

    def __str__(self) -> str:
        return f"{self.subject} to {self.to}"
