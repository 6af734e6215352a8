"""What was done with a lead, and what the lead did."""

from django.conf import settings
from django.db import models

from leads.models.fields import key_field, optional_key_field
from leads.models.marketing import Campaign, Channel


class ContactAttempt(models.Model):
    """An outbound action of a person. Automatic acknowledgements are never stored as one."""

    class Medium(models.TextChoices):
        CALL = "call", "Call"
        EMAIL = "email", "E-mail"
        SMS = "sms", "SMS"
        LINKEDIN = "linkedin", "LinkedIn"
        CHAT = "chat", "Chat"
        MEETING = "meeting", "Meeting"
        OTHER = "other", "Other"

    class Outcome(models.TextChoices):
        CONNECTED = "connected", "Connected"
        REPLIED = "replied", "Replied"
        EMAIL_SENT = "email_sent", "E-mail sent"
        MESSAGE_SENT = "message_sent", "Message sent"
        MEETING_BOOKED = "meeting_booked", "Meeting booked"
        NO_ANSWER = "no_answer", "No answer"
        VOICEMAIL = "voicemail", "Voicemail"
        WRONG_NUMBER = "wrong_number", "Wrong number"
        BOUNCED = "bounced", "Bounced"
        GATEKEEPER = "gatekeeper", "Gatekeeper"

    MEANINGFUL = (
        Outcome.CONNECTED,
        Outcome.REPLIED,
        Outcome.EMAIL_SENT,
        Outcome.MESSAGE_SENT,
        Outcome.MEETING_BOOKED,
    )

    key = key_field()
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="attempts"
    )
    medium = models.CharField(max_length=10, choices=Medium)
    outcome = models.CharField(max_length=16, choices=Outcome)
    note = models.TextField(blank=True, default="")

    class Meta:
        indexes = [models.Index("lead", "at", name="attempt_lead")]

    def __str__(self) -> str:
        return f"{self.get_medium_display()}: {self.get_outcome_display()}"


class Appointment(models.Model):
    class Status(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        HELD = "held", "Held"
        NO_SHOW = "no_show", "No-show"
        CANCELLED = "cancelled", "Cancelled"
        RESCHEDULED = "rescheduled", "Rescheduled"

    PLANNED = (Status.HELD, Status.NO_SHOW, Status.SCHEDULED)

    key = key_field()
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="appointments")
    booked_at = models.DateTimeField()
    scheduled_for = models.DateTimeField()
    minutes = models.PositiveIntegerField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    status = models.CharField(max_length=12, choices=Status)
    moved_to = models.CharField(max_length=200, blank=True, default="")  # an appointment's key, or a time

    class Meta:
        indexes = [models.Index("scheduled_for", name="appointment_scheduled_for")]

    def __str__(self) -> str:
        return f"{self.scheduled_for:%Y-%m-%d %H:%M} {self.get_status_display()}"


class Touch(models.Model):
    """A contact with marketing that attribution may credit."""

    class Kind(models.TextChoices):
        SESSION = "session", "Session"
        FORM = "form", "Form"
        EMAIL = "email", "E-mail"
        EVENT = "event", "Event"
        IMPORT = "import", "Import"
        OTHER = "other", "Other"

    key = optional_key_field()
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="touches")
    at = models.DateTimeField()
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind, blank=True, default="")

    class Meta:
        verbose_name_plural = "touches"
        indexes = [models.Index("lead", "at", name="touch_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.at:%Y-%m-%d %H:%M}"


class BehaviourEvent(models.Model):
    """Something a lead did: `pricing_view`, `download`, `webinar`, …"""

    key = optional_key_field()
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=100)

    class Meta:
        indexes = [models.Index("lead", "kind", "at", name="event_lead_kind")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.kind}"
