"""What no address may do, whoever asks and whatever they type."""

import re

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from leads.models import Lead
from tests.factories import make_lead

OPEN = {  # to people without an account
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/inactive/",
    "/accounts/logout/",
    "/accounts/confirm-email/",
    "/accounts/confirm-email/one/",
    "/accounts/login/code/confirm/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/1-one/",
    "/health/live",
    "/health/ready",
}
SAMPLES = {"slug": "channel", "name": "funnel", "uidb36": "1"}
KPI = "/kpis/lead_volume/"
PAGES = ["/", "/leads/", KPI, f"{KPI}rows.csv", "/kpis.csv", "/panels/funnel/", "/options/channel/"]
NUL, MANY_WORDS, LONG = "%00", "w+" * 1200, "A" * 60_000
pytestmark = pytest.mark.django_db


def addresses(resolver, start="/"):
    """Return every address the product answers, with something in the place of its arguments."""
    for pattern in resolver.url_patterns:
        route = str(pattern.pattern).removeprefix("^").removesuffix("$").replace(r"\Z", "")
        route = re.sub(r"<int:\w+>", "1", route)
        route = re.sub(r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>", lambda m: sample(m[1] or m[2]), route)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, start + route)
        elif isinstance(pattern, URLPattern):
            yield start + route


def sample(argument):
    return SAMPLES.get(argument, "one")


def is_closed(response):
    return response.status_code == 403 or response.url.startswith("/accounts/login/?next=")


def test_every_address_but_those_to_enter_by_asks_for_a_log_in(client):
    found = set(addresses(get_resolver()))
    assert set(PAGES) - {KPI, f"{KPI}rows.csv"} < found
    assert {address for address in found - OPEN if not is_closed(client.get(address))} == set()


def test_what_is_open_shows_nothing_of_the_leads(client):
    make_lead(first_name="Kestrel", key="one")
    for address in sorted(OPEN & set(addresses(get_resolver()))):
        assert "Kestrel" not in client.get(address, follow=True).content.decode()


@pytest.mark.parametrize("address", [*PAGES, "/leads/one/", "/health/live", "/health/ready"])
def test_pages_are_only_read(manager_client, address):
    make_lead(key="one")
    for send in (manager_client.post, manager_client.put, manager_client.delete):
        assert send(address).status_code == 405


@pytest.mark.parametrize("text", [NUL, MANY_WORDS, LONG])
def test_a_search_no_database_takes_is_refused(manager_client, text):
    make_lead()
    assert manager_client.get(f"{KPI}?q={text}").status_code == 400
    assert manager_client.get(f"{KPI}rows.csv?q={text}").status_code == 400
    assert "Search: " in manager_client.get(f"/leads/?q={text}").content.decode()


@pytest.mark.parametrize("by", ["channel", "industry", "company_size"])
def test_a_breakdown_row_with_a_nul_is_refused(manager_client, by):
    assert manager_client.get(f"{KPI}?by={by}&row=a%00b").status_code == 400


def test_no_lead_has_a_nul_in_its_key(rep_client):
    assert rep_client.get("/leads/a%00b/").status_code == 404


@pytest.mark.parametrize("number", ["0", "10001", "000001" + "9" * 30, "1" * 5000, "%C2%B2"])
def test_a_page_number_beyond_reason_is_refused(manager_client, number):
    assert manager_client.get(f"/leads/?page={number}").status_code == 400


def test_a_page_after_the_last_leads_back_to_the_first(manager_client):
    make_lead()
    assert "Back to the first page" in manager_client.get("/leads/?page=7").content.decode()
    assert "Back to the first page" in manager_client.get(f"{KPI}?page=7").content.decode()


def test_a_rep_does_not_learn_into_whose_lead_theirs_was_merged(rep_client, manager_client, rep, manager):
    kept = make_lead(first_name="Kestrel", key="theirs", owner=manager)
    make_lead(key="mine", owner=rep, status=Lead.Status.MERGED, merged_into=kept)
    assert "Kestrel" not in rep_client.get("/leads/mine/").content.decode()
    assert 'href="/leads/theirs/"' in manager_client.get("/leads/mine/").content.decode()


def test_a_form_without_its_token_is_explained_in_the_products_own_page(client):
    client.handler.enforce_csrf_checks = True
    response = client.post("/accounts/login/", {"login": "x", "password": "y"})
    assert response.status_code == 403
    assert "This form had been open too long" in response.content.decode()
    assert "<style" not in response.content.decode()


def test_a_log_in_leads_nowhere_else(client, manager):
    entered = {"login": "manager", "password": "correct horse", "next": "//evil.example/"}
    assert client.post("/accounts/login/", entered).url == "/"


def test_having_signed_in_is_not_news_on_a_later_page(client, manager):
    client.post("/accounts/login/", {"login": "manager", "password": "correct horse"})
    assert "signed in as manager" not in client.get("/accounts/password/change/").content.decode()


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "javascript:alert(1)"])
def test_the_menu_of_a_filter_leads_nowhere_else(manager_client, back):
    page = manager_client.get("/options/company_size/", {"back": back}).content.decode()
    assert 'href="/?filter=company_size' in page
    assert f'href="{back}' not in page


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/no/such/", 404),
        ("/?from=x", 400),
        ("/kpis/nope/", 404),
        ("/api/v1/kpis/", 400),
        ("/health/live", 200),
    ],
)
def test_errors_and_data_carry_the_security_policy(manager_client, address, status):
    response = manager_client.get(address)
    assert response.status_code == status
    assert "default-src 'none'" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("address", "header"),
    [(KPI, "HX-Target"), ("/options/channel/", "HX-Request"), ("/panels/funnel/", "HX-Request")],
)
def test_a_part_of_a_page_is_not_cached_as_the_page(manager_client, address, header):
    assert header in manager_client.get(address)["Vary"]
