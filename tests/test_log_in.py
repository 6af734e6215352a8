"""Who gets in, and how."""

import pytest

from leads.models import User

LOG_IN = "/accounts/login/"
PASSWORD = "correct horse"  # as in conftest


def log_in(client, login, password=PASSWORD):
    client.post(LOG_IN, {"login": login, "password": password})
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("login", ["manager", "manager@example.com"])
def test_one_logs_in_with_user_name_or_e_mail(client, manager, login):
    assert log_in(client, login)


def test_after_five_failures_even_the_right_password_waits(client, manager, rep):
    for _ in range(5):
        assert not log_in(client, "manager", "wrong")
    assert not log_in(client, "manager")
    assert log_in(client, "rep"), "a colleague at the same address is not held up"


def test_nobody_signs_up(client, db):
    form = {"username": "eve", "email": "eve@example.com", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", form)
    assert not User.objects.exists()


def test_a_forgotten_password_is_reset_by_mail(client, manager, mailoutbox):
    client.post("/accounts/password/reset/", {"email": "manager@example.com"})
    assert [mail.to for mail in mailoutbox] == [["manager@example.com"]]
    assert "/accounts/password/reset/key/" in mailoutbox[0].body


def test_a_stranger_gets_no_mail(client, manager, mailoutbox):
    client.post("/accounts/password/reset/", {"email": "stranger@example.com"})
    assert mailoutbox == []


@pytest.mark.parametrize("page", ["/accounts/password/change/", "/api/docs/"])
def test_pages_ask_for_a_log_in(client, db, page):
    response = client.get(page)
    assert response.status_code == 302
    assert response["Location"] == f"{LOG_IN}?next={page}"


def test_the_api_refuses_without_a_log_in(client, db):
    response = client.get("/api/schema/?format=json")
    assert response.status_code == 403
    assert response.json() == {"detail": "Authentication credentials were not provided."}
