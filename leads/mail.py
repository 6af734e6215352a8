"""Mail on its way out: written with the facts it tells of, sent by a worker, each message once."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from leads import tasks
from leads.models import Mail

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)  # longer than a mail server may take: see EMAIL_TIMEOUT
LONGEST_PAUSE = timedelta(hours=12)
MOST_TRIES = 16  # over three days: a mail server may be down for a weekend
MOST_AT_ONCE = 500


@transaction.atomic
def write(key: str, *, to: str, subject: str, body: str, at: datetime) -> Mail | None:
    """Put a message in the outbox; return None where the address or the message was there before."""
    if not to:
        return None
    line = " ".join(subject.split())  # a subject is one line
    mail, is_new = Mail.objects.get_or_create(
        key=key, defaults={"to": to, "subject": line[:200], "body": body, "created_at": at}
    )
    if is_new:
        transaction.on_commit(lambda: tasks.send_mail.delay(mail.pk), robust=True)
    return mail if is_new else None


def link(name: str, *args: object) -> str:
    """Return the address of a page for a message; only its path where nobody said where the site is."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


def send(mail_id: int, at: datetime) -> None:
    """Send a message unless it is sent or another worker is at it."""
    free = Q(leased_until=None) | Q(leased_until__lt=at)
    claimed = Mail.objects.filter(free, pk=mail_id, sent_at=None, tries__lt=MOST_TRIES)
    if claimed.update(leased_until=at + LEASE, tries=F("tries") + 1):
        _send(Mail.objects.get(pk=mail_id))


def _send(mail: Mail) -> None:
    message = EmailMessage(mail.subject, mail.body, to=[mail.to])
    message.extra_headers["Message-ID"] = f"<{mail.pk}.{mail.created_at:%Y%m%d%H%M%S}@leadtracker>"
    try:
        message.send()
    except Exception as error:
        logger.warning("mail %s could not be sent: %s", mail.pk, error)
        ours = Mail.objects.filter(pk=mail.pk, tries=mail.tries, sent_at=None)
        ours.update(error=str(error)[:1000], leased_until=_later(mail))
    else:
        Mail.objects.filter(pk=mail.pk).update(sent_at=timezone.now(), leased_until=None, error="")


def _later(mail: Mail) -> datetime:
    """Return when to try again: after 1 minute, then 2, 4, 8 …"""
    return timezone.now() + min(timedelta(minutes=2 ** (mail.tries - 1)), LONGEST_PAUSE)


def sweep(at: datetime) -> None:
    """Hand to workers the messages whose turn it is and of which none knows."""
    free = Q(leased_until=None, created_at__lt=at - timedelta(minutes=1)) | Q(leased_until__lt=at)
    waiting = Mail.objects.filter(free, sent_at=None, tries__lt=MOST_TRIES).order_by("created_at")
    tasks.send_each(tasks.send_mail, waiting.values_list("pk", flat=True)[:MOST_AT_ONCE])
