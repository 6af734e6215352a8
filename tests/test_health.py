"""What the health pages say, to anyone."""

import pytest
from celery import current_app
from django.db import OperationalError, connection


@pytest.fixture
def broker(settings, monkeypatch):
    def use(url):
        settings.CELERY_BROKER_URL = url
        monkeypatch.setattr(current_app.conf, "broker_url", url)

    return use


@pytest.fixture
def no_database(monkeypatch):
    def refuse():
        raise OperationalError("the database is away")

    monkeypatch.setattr(connection, "cursor", refuse)


def test_live_needs_neither_log_in_nor_database(client, no_database):
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_names_what_answers(client, db, broker, monkeypatch):
    broker("redis://broker")
    monkeypatch.setattr("kombu.Connection.ensure_connection", lambda self, **_: self)
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "broker": "ok"}


def test_ready_is_503_without_a_database(client, no_database):
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert (response.json()["status"], response.json()["database"]) == ("unavailable", "unreachable")


def test_without_its_broker_it_still_takes_leads_and_says_that_work_waits(client, db, broker):
    broker("redis+socket:///nowhere/broker.sock?virtual_host=0")
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json() == {"status": "degraded", "database": "ok", "broker": "unreachable"}


def test_a_broker_in_memory_is_none(client, db, broker):
    broker("memory://")
    assert client.get("/health/ready").json()["broker"] == "none"
