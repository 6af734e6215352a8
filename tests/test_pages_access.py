"""Who sees which page."""

import pytest

from tests.factories import make_lead

FIGURES = [
    "/kpis/lead_volume/",
    "/kpis/lead_volume/rows.csv",
    "/kpis.csv",
    "/panels/funnel/",
    "/options/channel/",
]
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/", "/leads/", "/leads/one/", *FIGURES])
def test_every_page_asks_for_a_log_in(client, address):
    make_lead(key="one")
    response = client.get(address)
    assert response.status_code == 302
    assert response.url == f"/accounts/login/?next={address}"


def test_a_rep_starts_at_their_leads(rep_client):
    response = rep_client.get("/")
    assert (response.status_code, response.url) == (302, "/leads/")


@pytest.mark.parametrize("address", FIGURES)
def test_a_rep_is_told_who_can_give_access_to_figures(rep_client, admin, address):
    response = rep_client.get(address)
    assert response.status_code == 403
    assert "An administrator (Admin Person) can give you access" in response.content.decode()


@pytest.mark.parametrize("who", ["manager_client", "admin_client"])
@pytest.mark.parametrize("address", ["/", *FIGURES])
def test_managers_and_admins_see_figures(request, who, address):
    make_lead()
    assert request.getfixturevalue(who).get(address).status_code == 200


def test_a_rep_finds_links_only_to_what_they_may_open(rep_client, manager_client):
    assert 'href="/" ' not in rep_client.get("/leads/").content.decode().partition('class="navi"')[2]
    assert "Dashboard" not in rep_client.get("/leads/").content.decode()
    assert "Dashboard" in manager_client.get("/leads/").content.decode()


def test_a_rep_lists_own_and_unassigned_leads_only(rep_client, rep, manager):
    make_lead(first_name="Mine", owner=rep)
    make_lead(first_name="Free")
    make_lead(first_name="Theirs", owner=manager)
    page = rep_client.get("/leads/").content.decode()
    assert "Mine" in page
    assert "Free" in page
    assert "Theirs" not in page


def test_a_rep_cannot_open_the_lead_of_somebody_else(rep_client, manager_client, manager):
    make_lead(key="theirs", owner=manager)
    assert rep_client.get("/leads/theirs/").status_code == 404
    assert manager_client.get("/leads/theirs/").status_code == 200


def test_a_search_shows_a_rep_nothing_of_others(rep_client, manager):
    make_lead(company="Kestrel Foods", owner=manager)
    assert "No lead matches" in rep_client.get("/leads/?q=kestrel").content.decode()


def test_pages_may_load_scripts_only_from_here_and_the_one_cdn_file(manager_client):
    policy = manager_client.get("/")["Content-Security-Policy"]
    assert "script-src 'self' https://cdn.jsdelivr.net/npm/chart.js@4.6.1/dist/chart.umd.min.js" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("address", ["/", "/leads/", "/kpis/cost_per_lead/", "/accounts/logout/"])
def test_pages_have_no_inline_script_or_style(manager_client, address):
    make_lead()
    page = manager_client.get(address).content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert " onclick" not in page


def test_the_theme_is_remembered_without_javascript(manager_client):
    response = manager_client.post("/theme/", headers={"referer": "http://testserver/leads/"})
    assert response.url == "http://testserver/leads/"
    assert '<html lang="en" data-theme="dark">' in manager_client.get("/leads/").content.decode()
    manager_client.post("/theme/")
    assert '<html lang="en" data-theme="light">' in manager_client.get("/leads/").content.decode()


def test_switching_the_theme_leads_nowhere_else(manager_client):
    response = manager_client.post("/theme/", headers={"referer": "https://evil.example/"})
    assert response.url == "/"


def test_a_made_up_theme_is_ignored(manager_client):
    manager_client.cookies["theme"] = '"><script>'
    assert '<html lang="en">' in manager_client.get("/leads/").content.decode()


def test_log_in_and_reset_pages_need_no_account(client):
    assert "Sign in" in client.get("/accounts/login/").content.decode()
    assert client.get("/accounts/password/reset/").status_code == 200


def test_a_wrong_address_is_explained(manager_client):
    response = manager_client.get("/kpis/no_such_kpi/")
    assert response.status_code == 404
    assert "There is nothing here for you" in response.content.decode()
