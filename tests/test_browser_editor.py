"""The definition editor in a real browser: what only happens there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.definitions import versions
from leads.models import DefinitionSet, User
from tests.condition_helpers import ask
from tests.factories import make_lead

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("requests_in_turn"),
    # the live server's threads cannot close the one connection they share
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
SCORE = ask("score", "gte", 50)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def draft(admin):
    stages = {"mql": {"when": {"all": [SCORE]}, "mode": "automatic"}}
    rules = [
        {"slug": "big", "category": "firmographic", "points": 20, "when": ask("company_size", "gte", 100)}
    ]
    scoring = {"rules": rules, "thresholds": {"warm": 10, "mql": 20, "sql": 60}}
    DefinitionSet.objects.create(number=1, status="published", stages=stages, scoring=scoring)
    at = timezone.now()
    for country, score in (("Norway", 60), ("Norway", 20), ("Ireland", 70)):
        make_lead(country=country, score=score, company_size=30, created_at=at - timedelta(days=1))
    return versions.start(by=admin, at=at)


@pytest.fixture
def open_page(page, enter, admin, draft, blocked):
    page.set_default_timeout(20_000)
    page.route("https://cdn.jsdelivr.net/**", lambda route: route.abort())
    address = enter(admin)

    def go(path):
        page.goto(address + path)
        page.wait_for_function("() => window.htmx")
        return page

    return go


def focused(page):
    return page.evaluate("document.activeElement.id")


def wait_for_focus(page, name):
    page.wait_for_function("(name) => document.activeElement.id === name", arg=name)


def saved(page, revision):
    """Wait until the draft has been saved so many times and nothing more is on its way."""
    page.wait_for_function(
        "(n) => !document.querySelector('form[aria-busy]')"
        " && [...document.querySelectorAll('input[name=revision]')].every((i) => Number(i.value) >= n)",
        arg=revision,
    )
    return DefinitionSet.draft()


def test_an_admin_builds_a_definition_with_a_group_by_keyboard_alone(open_page, blocked):
    page = open_page("/definitions/stages/mql/")
    page.locator("#edit-mql-c-group").focus()
    page.keyboard.press("Enter")
    wait_for_focus(page, "edit-mql-c-1-0-field")
    page.wait_for_selector(".invalid-feedback:has-text('Choose a field')")
    page.keyboard.type("Country")
    page.wait_for_selector("#edit-mql-c-1-0-new")
    assert focused(page) == "edit-mql-c-1-0-field"
    page.keyboard.press("Tab")
    assert focused(page) == "edit-mql-c-1-0-op"
    page.keyboard.press("Tab")
    assert focused(page) == "edit-mql-c-1-0-new"
    page.wait_for_selector(".invalid-feedback:has-text('Choose a value')")
    for country in ("Norway", "Spain"):
        page.keyboard.type(country)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"[aria-label='Remove {country}']")
        assert focused(page) == "edit-mql-c-1-0-new"
    page.keyboard.press("Backspace")
    page.wait_for_selector("[aria-label='Remove Spain']", state="detached")
    page.locator("#edit-mql-c-1-add").focus()
    page.keyboard.press("Enter")
    wait_for_focus(page, "edit-mql-c-1-1-field")
    page.keyboard.type("Company size")
    page.wait_for_selector("#edit-mql-c-1-1-value")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("many")
    page.keyboard.press("Enter")
    page.wait_for_selector("#edit-mql-c-1-1-value-error:has-text('Must be a number')")
    assert page.get_attribute("#edit-mql-c-1-1-value", "aria-describedby") == "edit-mql-c-1-1-value-error"
    assert "1 problem" in page.inner_text("#definition-problems")
    page.keyboard.press("Control+a")
    page.keyboard.type("1000")
    page.keyboard.press("Tab")
    page.wait_for_selector("#edit-mql-c-1-1-value-error", state="detached")
    sentence = "score is at least 50 and (country is Norway or company size is at least 1000)"
    assert sentence in page.inner_text("#edit-mql-sentence")
    page.wait_for_function("() => document.getElementById('edit-mql-c-1-hit').textContent === '2'")
    assert page.inner_text("#edit-mql-c-hit") == "1"
    assert page.inner_text("#definition-problems") == ""
    page.locator("#edit-mql-c-1-1-field").focus()
    page.keyboard.press("Alt+ArrowUp")
    wait_for_focus(page, "edit-mql-c-1-0-field")
    draft = saved(page, 1)
    group = {"any": [ask("company_size", "gte", 1000), ask("country", "in", ["Norway"])]}
    assert draft.stages["mql"] == {"when": {"all": [SCORE, group]}, "mode": "automatic"}
    assert blocked() == []


def test_quick_edits_are_all_saved_one_after_the_other(open_page):
    page = open_page("/definitions/scoring/?rule=0")
    page.fill("#edit-category-demographic-cap", "30")
    page.fill("#edit-category-firmographic-cap", "40")
    page.fill("#edit-category-behavioural-cap", "50")
    page.fill("#edit-rule-0-points", "25")
    page.fill("#edit-thresholds-mql", "30")
    page.fill("#edit-rule-0-name", "Large company")
    page.keyboard.press("Enter")
    scoring = saved(page, 6).scoring
    assert scoring["caps"] == {"demographic": 30, "firmographic": 40, "behavioural": 50}
    assert (scoring["rules"][0]["slug"], scoring["rules"][0]["points"]) == ("large-company", 25)
    assert scoring["thresholds"]["mql"] == 30
    page.wait_for_function("() => document.documentElement.dataset.charts === 'drawn'")


def test_what_is_typed_while_the_answer_comes_is_not_lost(open_page):
    page = open_page("/definitions/stages/mql/")
    page.locator("#edit-mql-c-add").click()
    wait_for_focus(page, "edit-mql-c-1-field")
    page.select_option("#edit-mql-c-1-field", "company_size")
    page.wait_for_selector("#edit-mql-c-1-value")
    page.route("**/parts/mql/", lambda route: (page.wait_for_timeout(300), route.continue_()))
    page.fill("#edit-mql-c-0-value", "55")
    page.locator("#edit-mql-c-1-value").focus()
    page.keyboard.type("20")
    page.wait_for_function("() => document.getElementById('edit-mql-sentence').textContent.includes('55')")
    assert page.input_value("#edit-mql-c-1-value") == "20"
    page.keyboard.press("Tab")
    page.wait_for_function("() => document.getElementById('edit-mql-sentence').textContent.includes('20')")
    when = DefinitionSet.draft().stages["mql"]["when"]
    assert when == {"all": [ask("score", "gte", 55), ask("company_size", "gte", 20)]}
    page.unroute_all(behavior="wait")


def test_another_admins_change_is_shown_and_ones_own_can_be_kept(open_page, draft):
    page = open_page("/definitions/stages/mql/")
    other = User.objects.create_user("other", name="Hanna Feld", role="admin")
    theirs = {"mql": {"when": {"all": [ask("score", "gte", 70)]}, "mode": "manual"}}
    versions.save(draft, {"stages": theirs}, by=other, at=timezone.now(), revision=0)
    page.fill("#edit-mql-c-0-value", "55")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=Hanna Feld changed")
    assert "score is at least 70" in page.inner_text("#edit-mql")
    page.click("text=Keep mine")
    page.wait_for_selector("#edit-mql-c-0-value")
    assert page.input_value("#edit-mql-c-0-value") == "55"
    assert DefinitionSet.draft().stages["mql"]["when"] == {"all": [ask("score", "gte", 55)]}


def test_a_failed_save_says_so_and_can_be_sent_again(open_page):
    page = open_page("/definitions/stages/mql/")
    page.route("**/parts/mql/", lambda route: route.abort())
    page.fill("#edit-mql-c-0-value", "55")
    page.keyboard.press("Tab")
    page.wait_for_selector("text=Not saved")
    page.unroute("**/parts/mql/")
    page.click("text=Send again")
    page.wait_for_function("() => document.getElementById('edit-mql-sentence').textContent.includes('55')")
    assert DefinitionSet.draft().stages["mql"]["when"] == {"all": [ask("score", "gte", 55)]}


def test_a_rule_is_added_named_and_filled_in_by_keyboard(open_page, blocked):
    page = open_page("/definitions/scoring/")
    page.locator("#add-behavioural button[value^=event]").focus()
    page.keyboard.press("Enter")
    wait_for_focus(page, "edit-rule-1-name")
    page.keyboard.type("Saw the prices")
    page.keyboard.press("Tab")
    page.keyboard.type("7")
    page.locator("#edit-rule-1-event").focus()
    page.keyboard.type("pricing_view")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.getElementById('rule-1').textContent.includes('+7 for each pricing view')"
    )
    rule = saved(page, 2).scoring["rules"][1]
    assert rule == {
        "slug": "saw-the-prices",
        "category": "behavioural",
        "points": 7,
        "per_event": "pricing_view",
        "daily_cap": 20,
    }
    page.wait_for_function("() => document.getElementById('rule-1-hit').textContent === '0'")
    assert blocked() == []


@pytest.mark.parametrize("path", ["stages/mql/", "scoring/?rule=0", "fit/"])
def test_a_phone_shows_the_editor_without_scrolling_sideways(open_page, page, path):
    page.set_viewport_size(PHONE)
    open_page(f"/definitions/{path}")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    small = page.evaluate(
        "[...document.querySelectorAll('[data-edits] :is(button:not([tabindex]), select, .form-control)')]"
        ".filter((e) => e.offsetWidth > 1 && e.offsetHeight < 44).map((e) => e.outerHTML.slice(0, 90))"
    )
    assert small == []
