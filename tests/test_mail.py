"""The outbox: each message leaves once, whoever sends it, and a mail server may be down for days."""

import smtplib
import threading
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as configured
from django.core.mail import EmailMessage
from django.db import connection
from kombu.exceptions import OperationalError

from leads import mail, tasks
from leads.models import Mail
from tests.factories import NOON

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def told(monkeypatch):
    """Return the list of messages that workers are told of."""
    ids = []
    monkeypatch.setattr(tasks.send_mail, "apply_async", lambda args, *_, **__: ids.append(*args))
    return ids


@pytest.fixture
def server_is_down(monkeypatch):
    """Let every attempt to send fail; return the function that ends it."""

    def refuse(message, fail_silently=False):
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    return monkeypatch.undo


def write(key="review:1", **fields):
    values = {"to": "hanna@example.com", "subject": "Review version 1", "body": "It is due.", "at": NOON}
    return mail.write(key, **{**values, **fields})


def send(message, at=NOON):
    with time_machine.travel(at, tick=False):
        mail.send(message.pk, at)
    message.refresh_from_db()
    return message


def test_a_message_is_sent_and_says_when(mailoutbox):
    message = send(write(), NOON + MINUTE)
    assert (message.sent_at, message.tries, message.leased_until) == (NOON + MINUTE, 1, None)
    [sent] = mailoutbox
    assert (sent.to, sent.subject, sent.body) == (["hanna@example.com"], "Review version 1", "It is due.")


def test_a_message_is_written_once_per_key(mailoutbox):
    assert write() is not None
    assert write(subject="Again") is None
    assert Mail.objects.get().subject == "Review version 1"


def test_nobody_without_an_address_is_written_to():
    assert write(to="") is None
    assert not Mail.objects.exists()


def test_a_subject_is_one_short_line():
    assert write(subject="Review\r\nBcc: all@example.com " + "x" * 300).subject.startswith(
        "Review Bcc: all@example.com xxx"
    )
    assert len(Mail.objects.get().subject) == 200


def test_a_message_that_is_sent_is_not_sent_again(mailoutbox):
    message = send(write())
    send(message, NOON + timedelta(days=1))
    assert (len(mailoutbox), message.tries) == (1, 1)


def test_a_worker_leaves_a_message_that_another_is_sending(mailoutbox, monkeypatch):
    message, original = write(), EmailMessage.send

    def slowly(self, fail_silently=False):
        mail.send(message.pk, NOON + timedelta(minutes=4))
        return original(self, fail_silently)

    monkeypatch.setattr(EmailMessage, "send", slowly)
    send(message)
    assert len(mailoutbox) == 1


def test_a_message_whose_worker_died_is_sent_by_the_sweep(mailoutbox, told):
    message = write()
    Mail.objects.update(leased_until=NOON + timedelta(minutes=5), tries=1)
    mail.sweep(NOON + timedelta(minutes=5))
    assert told == []
    mail.sweep(NOON + timedelta(minutes=5, seconds=1))
    assert told == [message.pk]
    assert send(message, NOON + timedelta(minutes=6)).tries == 2
    assert len(mailoutbox) == 1


def test_a_mail_server_gets_less_time_than_a_worker():
    assert mail.LEASE.total_seconds() > configured.EMAIL_TIMEOUT


def test_a_message_is_tried_again_ever_more_rarely(server_is_down):
    message, at, pauses = write(), NOON, []
    for _ in range(12):
        send(message, at)
        pauses.append((message.leased_until - at) / MINUTE)
        mail.send(message.pk, message.leased_until)  # not a moment before
        assert message.tries == len(pauses)
        at = message.leased_until + timedelta(seconds=1)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 720, 720]
    assert message.error == "Connection unexpectedly closed"


def test_a_message_leaves_once_the_mail_server_is_back(server_is_down, mailoutbox):
    message = send(write())
    assert (message.sent_at, message.leased_until) == (None, NOON + MINUTE)
    server_is_down()
    send(message, NOON + MINUTE)
    assert message.sent_at is None
    message = send(message, NOON + timedelta(minutes=2))
    assert (message.sent_at, message.tries, message.error) == (NOON + timedelta(minutes=2), 2, "")


def test_a_server_may_be_down_for_a_weekend_but_not_forever(server_is_down, told):
    message, at = write(), NOON
    while message.tries < mail.MOST_TRIES:
        at = (send(message, at).leased_until or at) + timedelta(seconds=1)
    assert at - NOON > timedelta(days=3)
    mail.sweep(at + timedelta(days=1))
    assert told == []


def test_the_sweep_sends_what_no_worker_knows_of_oldest_first(told):
    second = write("b", at=NOON + MINUTE)
    first = write("a")
    write("c", at=NOON + timedelta(minutes=9))
    mail.sweep(NOON + timedelta(minutes=10))
    assert told == [first.pk, second.pk]


def test_a_message_is_told_to_a_worker_when_it_is_committed(told, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        message = write()
        assert told == []
    assert told == [message.pk]


def test_without_a_broker_a_message_waits_for_the_sweep(monkeypatch, django_capture_on_commit_callbacks):
    def refuse(*args, **options):
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.send_mail, "apply_async", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        message = write()
    mail.sweep(NOON + timedelta(minutes=2))
    message.refresh_from_db()
    assert (message.sent_at, message.tries) == (None, 0)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_ten_workers_send_one_message_once(told, mailoutbox):
    message = write()
    _together(lambda: mail.send(message.pk, NOON), 10)
    assert len(mailoutbox) == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_ten_that_write_the_same_message_write_one(told):
    _together(write, 10)
    assert (Mail.objects.count(), len(told)) == (1, 1)


def _together(function, workers):
    barrier = threading.Barrier(workers)

    def one():
        barrier.wait()
        try:
            function()
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
