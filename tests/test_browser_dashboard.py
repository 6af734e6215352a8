"""The dashboard in a real browser: what only happens there."""

from pathlib import Path

import pytest
from django.conf import settings

from leads import milestones
from tests.factories import make_attempt
from tests.kpi_helpers import at, channel, deal, lead, leads, spend, workspace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("requests_in_turn"),
    # the live server's threads cannot close the one connection they share
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
QUARTER = "from=2026-01-01&to=2026-03-31&as_of=2026-06-30"
PHONE = {"width": 390, "height": 844}
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => {
  violations.push(`${e.violatedDirective} ${e.blockedURI}`);
});
"""
ANYONE = {"Access-Control-Allow-Origin": "*"}
SOURCE_MAP = b"\n//# sourceMappingURL=chart.umd.min.js.map\n"  # stripped here, where there is no map
CHART_JS = (
    Path(settings.BASE_DIR, "static/vendor/chartjs/chart.umd.min.js").read_bytes().rstrip() + SOURCE_MAP
)


@pytest.fixture
def company(rep):
    workspace(name="Fjordwell")
    ads, mail = channel("ads"), channel("mail", "email")
    for number in range(8):
        stages = {"mql": "2026-01-16"} if number < 6 else None
        made = lead(channel=ads, stages=stages, first_name=f"Ada{number}", owner=rep)
        make_attempt(made, at(f"2026-01-15 12:0{number}"))
    leads(3, channel=mail, first_name="Max")
    for won in leads(2, channel=ads, first_name="Won"):
        deal(won, 5000, won="2026-02-10")
    spend("600", channel=ads)
    spend("60", channel=mail)
    milestones.rebuild()


@pytest.fixture
def browse(page, live_server, manager):
    """Open a page as the manager, with the CDN out of reach."""
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.abort())
    page.add_init_script(WATCH)
    page.goto(f"{live_server.url}/accounts/login/")
    page.fill("#id_login", "manager")
    page.fill("#id_password", "correct horse")
    page.click("text=Sign in >> nth=-1")

    def open_page(address):
        page.goto(live_server.url + address)
        return page

    return open_page


def drawn(page):
    """Wait until every panel is there and every chart is drawn."""
    page.wait_for_selector("html[data-charts=drawn]", state="attached")
    page.wait_for_selector(".panel[aria-busy]", state="detached")
    page.wait_for_load_state("networkidle")
    return page


def test_panels_load_and_charts_are_drawn_without_the_cdn(browse, company):
    page = drawn(browse(f"/?{QUARTER}"))
    assert page.get_attribute("html", "data-chart-source") == "local"
    assert page.locator("canvas[data-chart]").count() == 3
    assert page.locator(".panel h2").count() == 6
    assert page.evaluate("[...document.querySelectorAll('canvas')].every((c) => Chart.getChart(c))")


def test_charts_come_from_the_cdn_where_it_answers_rightly(browse, company):
    page = browse("/leads/")
    page.unroute("https://cdn.jsdelivr.net/**")
    reply = {"body": CHART_JS, "content_type": "text/javascript", "headers": ANYONE}
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(**reply))
    assert drawn(browse(f"/?{QUARTER}")).get_attribute("html", "data-chart-source") == "cdn"


def test_a_tampered_cdn_file_is_refused(browse, company):
    page = browse("/leads/")
    page.unroute("https://cdn.jsdelivr.net/**")
    reply = {"body": CHART_JS + b"//", "content_type": "text/javascript", "headers": ANYONE}
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.fulfill(**reply))
    assert drawn(browse(f"/?{QUARTER}")).get_attribute("html", "data-chart-source") == "local"


@pytest.mark.parametrize(
    "address",
    [f"/?{QUARTER}", f"/kpis/first_contact_time/?{QUARTER}", "/leads/", "/accounts/password/reset/"],
)
def test_no_page_breaks_its_own_security_policy(browse, company, address):
    page = browse(address)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("violations") == []


def test_no_script_fails(browse, company, page):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    drawn(browse(f"/?{QUARTER}"))
    page.click("[data-theme-switch] button")
    drawn(page)
    assert errors == []


def test_a_tooltip_opens_by_keyboard_and_closes_with_escape(browse, company):
    page = browse(f"/?{QUARTER}")
    tip = page.locator("#tip-cost_per_lead")
    assert not tip.is_visible()
    page.locator(".kpi[aria-describedby=tip-lead_volume]").focus()
    for _ in range(4):
        page.keyboard.press("Tab")
    assert tip.is_visible()
    assert "marketing budget ÷ leads created" in tip.inner_text()
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_one_goes_from_a_card_to_the_rows_and_to_a_lead(browse, company):
    page = browse(f"/?{QUARTER}")
    page.click(".kpi[aria-describedby=tip-mql_to_lead_ratio]")
    page.wait_for_selector("#rows >> text=8 leads")  # six, and the two that were won
    assert page.locator("#rows tbody tr").count() == 8
    page.click("#rows >> text=Leads created")
    page.wait_for_selector("#rows >> text=13 leads")
    assert "side=denominator" in page.url
    page.click("#breakdown tbody a >> nth=0")  # Ads, of the same side
    page.wait_for_selector("#rows >> text=10 leads")
    page.click("#rows >> text=Ada0")
    assert page.locator("h1").inner_text() == "Ada0"


def test_the_channel_table_switches_in_place(browse, company):
    page = drawn(browse(f"/?{QUARTER}"))
    page.click("#panel-channels >> text=Owner")
    page.wait_for_selector("#panel-channels >> text=Rep Person")
    assert "by=owner" not in page.url
    assert page.evaluate("document.activeElement.textContent") == "Owner"


def test_a_filter_is_chosen_from_its_chip_and_removed(browse, company):
    page = browse(f"/?{QUARTER}")
    page.click("summary:has-text('Channel')")
    page.click(".menu >> text=Mail")
    page.wait_for_selector(".chip.on >> text=Mail")
    assert page.locator(".kpi[aria-describedby=tip-lead_volume] .val").inner_text() == "3"
    page.click("[aria-label='Remove the filter Channel']")
    page.wait_for_selector(".chip.on", state="detached")


def test_a_failed_panel_says_so_and_loads_on_another_try(browse, company, page):
    page.route("**/panels/funnel/**", lambda route: route.fulfill(status=500, body="no"))
    browse(f"/?{QUARTER}")
    page.wait_for_selector("#panel-funnel >> text=Funnel could not be loaded")
    page.wait_for_selector("#panel-channels >> text=Ads")
    page.unroute("**/panels/funnel/**")
    page.click("#panel-funnel >> text=Try again")
    page.wait_for_selector("#panel-funnel >> text=MQLs")


def test_the_theme_switches_at_once_and_stays(browse, company):
    page = browse("/leads/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("[data-theme-switch] button")
    assert page.get_attribute("html", "data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    assert page.get_attribute("html", "data-theme") == "dark"


@pytest.mark.parametrize(
    "address", [f"/?{QUARTER}", f"/kpis/cost_per_lead/?{QUARTER}", "/leads/", "/kpis/nothing/"]
)
def test_nothing_is_wider_than_a_phone(browse, company, page, address):
    page.set_viewport_size(PHONE)
    browse(address).wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_phone_has_its_navigation_at_the_bottom(browse, company, page):
    page.set_viewport_size(PHONE)
    browse("/leads/")
    assert page.locator(".tabbar").is_visible()
    assert not page.locator(".side").is_visible()
    sizes = page.evaluate("[...document.querySelectorAll('.tabbar a, .btn')].map((e) => e.offsetHeight)")
    assert min(size for size in sizes if size) >= 44


def test_a_chart_opens_as_a_table(browse, company):
    page = drawn(browse(f"/?{QUARTER}"))
    table = page.locator("#panel-response table")
    assert not table.is_visible()
    page.click("#panel-response summary")
    assert "5–10" in table.inner_text()


def test_slash_goes_to_the_search(browse, company):
    page = browse(f"/?{QUARTER}")
    page.keyboard.press("/")
    page.keyboard.type("ada1")
    page.keyboard.press("Enter")
    page.wait_for_url("**/leads/?q=ada1")
    assert page.locator("tbody tr").count() == 1


@pytest.mark.browser
def test_figures_can_be_read_without_javascript(browser, live_server, company, manager):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/accounts/login/")
    page.fill("#id_login", "manager")
    page.fill("#id_password", "correct horse")
    page.click("text=Sign in >> nth=-1")
    page.goto(f"{live_server.url}/?{QUARTER}")
    assert page.locator(".kpi").count() == 25
    page.click("noscript a[href*='/panels/channels/']")
    assert page.locator("tbody tr").count() == 2
    context.close()


def test_the_breakdown_keeps_the_side_chosen_below_it(browse, company):
    page = browse(f"/kpis/lead_conversion_rate/?{QUARTER}")
    page.click("#rows a:has-text('Leads created')")
    page.wait_for_url("**side=denominator**")
    page.click("#breakdown tbody a >> nth=0")
    page.wait_for_url("**row=ads**")
    assert "side=denominator" in page.url
    assert page.inner_text("#rows [aria-current=true]") == "Leads created"


def test_going_back_draws_the_charts_again_and_stores_no_page(browse, company):
    page = browse(f"/kpis/lead_conversion_rate/?{QUARTER}")
    drawn(page)
    page.click("#rows a:has-text('Leads created')")
    page.wait_for_url("**side=denominator**")
    page.click("#rows tbody a >> nth=0")
    page.wait_for_url("**/leads/**")
    page.go_back()
    drawn(page)
    assert page.locator("h1", has_text="Lead conversion rate").is_visible()
    page.go_back()
    page.wait_for_url(lambda address: "side=" not in address)
    drawn(page)
    assert "htmx-history-cache" not in page.evaluate("({...localStorage, ...sessionStorage})")
