"""The pages on which admins edit definitions, over HTTP."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from leads.definitions import versions
from leads.models import DefinitionSet, User
from tests.condition_helpers import ask
from tests.editor_helpers import sent_by
from tests.factories import make_event, make_lead

pytestmark = pytest.mark.django_db

MQL = "/definitions/stages/mql/"
SCORING = "/definitions/scoring/"
FIT = "/definitions/fit/"
PAGES = [MQL, "/definitions/stages/sal/", "/definitions/stages/sql/", SCORING, FIT]
RULES = [
    {"slug": "big", "category": "firmographic", "points": 20, "when": ask("company_size", "gte", 100)},
    {"slug": "webinar", "category": "behavioural", "points": 8, "per_event": "webinar", "daily_cap": 2},
]
SCORING_MODEL = {
    "rules": RULES,
    "caps": {"behavioural": 50},
    "weights": {},
    "thresholds": {"warm": 10, "mql": 20, "sql": 60},
}
STAGES = {"mql": {"when": {"all": [ask("score", "gte", 50)]}, "mode": "automatic"}}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def live(db):
    return DefinitionSet.objects.create(
        number=1, status="published", stages=STAGES, scoring=SCORING_MODEL, icp=ask("country", "is_set")
    )


@pytest.fixture
def draft(live, admin):
    return versions.start(by=admin, at=timezone.now())


def form(client, page, name, /, **inputs):
    """Return what a form of a page sends, with other values in some inputs."""
    return sent_by(client.get(page).content.decode(), name) | inputs


def save(client, part, data, **headers):
    return client.post(f"/definitions/parts/{part}/", data, headers=headers)


def now(draft):
    return DefinitionSet.objects.get(pk=draft.pk)


# who may


def test_a_rep_sees_no_definitions(rep_client, live):
    assert {rep_client.get(page).status_code for page in ["/definitions/", *PAGES]} == {403}


@pytest.mark.parametrize("page", PAGES)
def test_a_manager_reads_them_and_has_nothing_to_edit(manager_client, draft, page):
    html = manager_client.get(page).content.decode()
    assert "data-edits" not in html
    assert "is filled" in html or page != FIT


def test_a_manager_cannot_save(manager_client, admin_client, draft):
    data = form(admin_client, MQL, "edit-mql", **{"c.0.value": "60"})
    assert save(manager_client, "mql", data).status_code == 403
    assert manager_client.post("/definitions/scoring/rules/", {"do": "remove 0"}).status_code == 403
    assert now(draft).stages == STAGES


def test_the_live_version_is_only_read_until_there_is_a_draft(admin_client, live):
    html = admin_client.get(MQL).content.decode()
    assert "data-edits" not in html
    assert "as soon as score is at least 50" in html
    assert save(admin_client, "mql", {"revision": "0"}).status_code == 409


def test_home_is_the_first_stage(admin_client):
    assert admin_client.get("/definitions/").url == MQL
    assert admin_client.get("/definitions/stages/customer/").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_without_any_definition_the_page_says_how_to_begin(admin_client, page):
    assert "Nothing is defined yet" in admin_client.get(page).content.decode()


# a condition


def test_a_change_is_saved_and_the_panel_drawn_anew(admin_client, draft):
    data = form(admin_client, MQL, "edit-mql", **{"c.0.value": "55"})
    answer = save(admin_client, "mql", data, **HTMX)
    assert now(draft).stages["mql"] == {"when": {"all": [ask("score", "gte", 55)]}, "mode": "automatic"}
    html = answer.content.decode()
    assert "as soon as score is at least 55" in html
    assert "Was 50" in html
    assert json.loads(answer.headers["HX-Trigger"]) == {"draft-saved": {"revision": draft.revision + 1}}
    assert sent_by(html)["revision"] == str(draft.revision + 1)


def test_without_htmx_the_browser_goes_back_to_the_page(admin_client, draft):
    data = form(admin_client, MQL, "edit-mql", do="add c")
    assert save(admin_client, "mql", data).url == f"{MQL}#edit-mql-c-1-field"
    html = admin_client.get(MQL).content.decode()
    assert "Choose a field" in html
    assert '<span class="pill mark good">New</span>' in html


def test_the_focus_goes_to_what_was_added_and_to_the_neighbour_of_what_was_removed(admin_client, draft):
    def focus(do):
        answer = save(admin_client, "mql", form(admin_client, MQL, "edit-mql", do=do), **HTMX)
        return json.loads(answer.headers["HX-Trigger-After-Swap"])["focus-on"]["id"]

    assert focus("group c") == "edit-mql-c-1-0-field"
    assert focus("add c.1") == "edit-mql-c-1-1-field"
    assert focus("up c.1") == "edit-mql-c-0-kind"
    assert focus("drop c.0.1") == "edit-mql-c-0-0-field"
    assert focus("drop c.0.0") == "edit-mql-c-0-add"
    assert focus("drop c.1") == "edit-mql-c-0-kind"


def test_what_is_wrong_is_said_at_its_input_and_at_the_head_of_the_page(admin_client, draft):
    data = form(admin_client, MQL, "edit-mql", **{"c.0.value": "many"})
    html = save(admin_client, "mql", data, **HTMX).content.decode()
    assert 'value="many" aria-label="Score value"' in html
    assert 'aria-invalid="true" aria-describedby="edit-mql-c-0-value-error"' in html
    assert '<p class="invalid-feedback" id="edit-mql-c-0-value-error">Must be a number</p>' in html
    page = admin_client.get(SCORING).content.decode()
    assert "<b>1 problem</b>" in page
    assert f'<a href="{MQL}#edit-mql-c-0">must be a number</a>' in page


def test_an_empty_value_asks_for_one(admin_client, draft):
    data = form(admin_client, MQL, "edit-mql", **{"c.0.field": "country"})
    html = save(admin_client, "mql", data, **HTMX).content.decode()
    assert now(draft).stages["mql"]["when"] == {"all": [{"field": "country", "op": "in"}]}
    assert ">Choose a value</p>" in html


def test_values_that_occur_are_suggested_the_most_frequent_first(admin_client, draft):
    for country in ("Norway", "Norway", "Spain"):
        make_lead(country=country)
    save(admin_client, "mql", form(admin_client, MQL, "edit-mql", **{"c.0.field": "country"}))
    html = admin_client.get(MQL).content.decode()
    suggestions = '<option value="Norway"></option><option value="Spain"></option></datalist>'
    assert f'<datalist id="edit-mql-list-country">{suggestions}' in html


@pytest.mark.parametrize("text", ["a\0b", "x" * 2000, "9" * 5000, "💥", "<script>"])
@pytest.mark.parametrize("name", ["c.0.value", "c.0.field", "c.0.op", "c.kind", "c.size", "do", "mode"])
def test_nothing_that_is_typed_breaks_the_page(admin_client, draft, name, text):
    data = form(admin_client, MQL, "edit-mql", **{name: text})
    assert save(admin_client, "mql", data, **HTMX).status_code == 200
    assert admin_client.get(MQL).status_code == 200
    assert "<script>" not in admin_client.get(MQL).content.decode().replace("<script defer", "")


@pytest.mark.parametrize("stages", [5, [], {"mql": 7}, {"mql": {"when": "x"}}, {"mql": {"when": {"all": 1}}}])
def test_a_draft_that_is_no_definition_at_all_can_still_be_seen(admin_client, draft, stages):
    DefinitionSet.objects.filter(pk=draft.pk).update(
        stages=stages, scoring=stages, icp=stages, key_fields=stages
    )
    for page in [*PAGES, f"{SCORING}bands/", f"{SCORING}matches/", "/definitions/parts/mql/counts/"]:
        assert admin_client.get(page).status_code == 200


# counts


def test_leads_of_the_last_90_days_are_counted_line_by_line_in_one_query(
    admin_client, draft, django_assert_max_num_queries
):
    at = timezone.now()
    for score, days in ((60, 1), (50, 89), (10, 3), (90, 91)):
        make_lead(score=score, created_at=at - timedelta(days=days))
    make_lead(score=90, created_at=at, status="spam")
    with django_assert_max_num_queries(12):
        html = admin_client.get("/definitions/parts/mql/counts/").content.decode()
    assert '<span id="edit-mql-c-0-hit" hx-swap-oob="innerHTML">2</span>' in html
    assert '<span id="edit-mql-c-hit" hx-swap-oob="innerHTML">2</span>' in html
    assert admin_client.get("/definitions/parts/thresholds/counts/").status_code == 404


def test_a_draft_with_other_rules_is_counted_by_its_own_scores(admin_client, draft):
    make_lead(score=60, company_size=500, created_at=timezone.now())  # 20 points by the rules
    rules = [{**RULES[0], "points": 70}]
    versions.save(draft, {"scoring": {"rules": rules}}, by=None, at=timezone.now(), revision=draft.revision)
    make_lead(score=60, company_size=5, created_at=timezone.now())  # none
    html = admin_client.get("/definitions/parts/mql/counts/").content.decode()
    assert '<span id="edit-mql-c-0-hit" hx-swap-oob="innerHTML">1</span>' in html


def test_each_rule_says_how_many_leads_it_gives_points(admin_client, draft):
    big = make_lead(company_size=100, created_at=timezone.now())
    make_lead(company_size=99, created_at=timezone.now())
    for _ in range(3):
        make_event(big, "webinar", timezone.now())
    html = admin_client.get(f"{SCORING}matches/").content.decode()
    assert '<span id="rule-0-hit" hx-swap-oob="innerHTML">1</span>' in html
    assert '<span id="rule-1-hit" hx-swap-oob="innerHTML">1</span>' in html


# conflict


@pytest.fixture
def theirs(draft):
    """Somebody else saves 70 while the page is open."""
    other = User.objects.create_user("other", name="Hanna Feld", role="admin")
    stages = {"mql": {"when": {"all": [ask("score", "gte", 70)]}, "mode": "automatic"}}
    return lambda: versions.save(now(draft), {"stages": stages}, by=other, at=timezone.now(), revision=0)


def test_somebody_elses_change_is_not_overwritten_but_shown_beside_ones_own(admin_client, draft, theirs):
    data = form(admin_client, MQL, "edit-mql", **{"c.0.value": "55"})
    theirs()
    answer = save(admin_client, "mql", data, **HTMX)
    assert answer.status_code == 409
    html = answer.content.decode()
    for text in ("Hanna Feld", "score is at least 70", "score is at least 55", "Load theirs", "Keep mine"):
        assert text in html
    assert now(draft).stages["mql"]["when"] == {"all": [ask("score", "gte", 70)]}
    kept = save(admin_client, "mql", sent_by(html), **HTMX)
    assert kept.headers["HX-Redirect"] == MQL
    assert now(draft).stages["mql"]["when"] == {"all": [ask("score", "gte", 55)]}


def test_a_conflict_can_be_solved_without_javascript_too(admin_client, draft, theirs):
    data = form(admin_client, MQL, "edit-mql", **{"c.0.value": "55"})
    theirs()
    html = save(admin_client, "mql", data).content.decode()
    assert save(admin_client, "mql", sent_by(html)).url == MQL
    assert now(draft).stages["mql"]["when"] == {"all": [ask("score", "gte", 55)]}


def test_ones_own_rule_is_kept_at_its_place_although_others_were_removed(admin_client, draft):
    data = form(admin_client, f"{SCORING}?rule=1", "edit-rule-1", points="9")
    fewer = {**SCORING_MODEL, "rules": RULES[1:]}
    versions.save(draft, {"scoring": fewer}, by=None, at=timezone.now(), revision=draft.revision)
    html = save(admin_client, "rule-1", data, **HTMX).content.decode()
    save(admin_client, "rule-1", sent_by(html), **HTMX)
    assert now(draft).scoring["rules"] == [{**RULES[1], "points": 9}]


def test_rules_are_not_removed_from_a_draft_that_changed(admin_client, draft):
    data = form(admin_client, SCORING, "do-rule-0", do="remove 0")
    versions.save(draft, {"icp": None}, by=None, at=timezone.now(), revision=draft.revision)
    assert admin_client.post("/definitions/scoring/rules/", data, headers=HTMX).status_code == 409
    assert now(draft).scoring["rules"] == RULES


@pytest.mark.parametrize("mine", ["{", "[]", "5", '{"key_fields": 5, "review_days": "x"}', '{"when": 1}'])
@pytest.mark.parametrize(
    "part", ["mql", "icp", "key-fields", "thresholds", "category-behavioural", "rule-0", "rule-9"]
)
def test_a_part_kept_through_a_conflict_cannot_break_anything(admin_client, draft, part, mine):
    answer = save(admin_client, part, {"revision": draft.revision, "mine": mine}, **HTMX)
    assert answer.status_code in (200, 400)
    assert {admin_client.get(page).status_code for page in PAGES} == {200}


# scoring


def change_rules(client, do):
    data = {"revision": DefinitionSet.draft().revision, "do": do}
    return client.post("/definitions/scoring/rules/", data, headers=HTMX)


def test_rules_are_added_copied_and_removed(admin_client, draft):
    html = change_rules(admin_client, "event behavioural").content.decode()
    assert now(draft).scoring["rules"][2] == {
        "slug": "new-rule",
        "category": "behavioural",
        "per_event": "",
        "daily_cap": 20,
    }
    assert ">Choose what they did</p>" in html
    assert ">Enter the points</p>" in html
    change_rules(admin_client, "fit demographic")
    assert now(draft).scoring["rules"][3]["when"] == {"all": [{"field": ""}]}
    change_rules(admin_client, "copy 0")
    assert [rule["slug"] for rule in now(draft).scoring["rules"]][:3] == ["big", "big-2", "webinar"]
    for _ in range(4):
        change_rules(admin_client, "remove 1")
    assert now(draft).scoring["rules"] == RULES[:1]


@pytest.mark.parametrize("do", ["remove 99", "copy x", "fit nothing", "", "remove", "copy ١"])
def test_an_action_on_no_rule_changes_none(admin_client, draft, do):
    assert change_rules(admin_client, do).status_code == 200
    assert now(draft).scoring["rules"] == RULES


def test_a_rule_is_filled_in_and_its_name_becomes_its_slug(admin_client, draft):
    change_rules(admin_client, "event behavioural")
    typed = {
        "name": "Saw the prices",
        "points": "-2.5",
        "per_event": "pricing_view",
        "max": "10",
        "half_life_days": "30",
    }
    data = form(admin_client, f"{SCORING}?rule=2", "edit-rule-2", **typed)
    html = save(admin_client, "rule-2", data, **HTMX).content.decode()
    assert now(draft).scoring["rules"][2] == {
        "slug": "saw-the-prices",
        "category": "behavioural",
        "points": -2.5,
        "per_event": "pricing_view",
        "max": 10,
        "half_life_days": 30,
        "daily_cap": 20,
    }
    assert "−2.5 for each pricing view, at most 10, halves every 30 days, at most 20 a day" in html
    data = form(admin_client, f"{SCORING}?rule=2", "edit-rule-2", name="Big")
    save(admin_client, "rule-2", data)
    assert now(draft).scoring["rules"][2]["slug"] == "big-2"


def test_a_rules_condition_may_not_ask_for_the_score(admin_client, draft):
    html = admin_client.get(f"{SCORING}?rule=0").content.decode()
    assert '<option value="company_size" selected>' in html
    assert '<option value="score"' not in html
    assert '<option value="stage"' not in html


def test_a_rule_that_changes_its_category_moves_there(admin_client, draft):
    data = form(admin_client, f"{SCORING}?rule=0", "edit-rule-0", category="demographic")
    answer = save(admin_client, "rule-0", data, **HTMX)
    assert now(draft).scoring["rules"][0]["category"] == "demographic"
    assert answer.headers["HX-Retarget"] == "#rules"


def test_caps_and_weights_are_kept_by_category(admin_client, draft):
    data = form(admin_client, SCORING, "edit-category-behavioural", cap="", weight="1.5")
    save(admin_client, "category-behavioural", data, **HTMX)
    assert (now(draft).scoring["caps"], now(draft).scoring["weights"]) == ({}, {"behavioural": 1.5})
    data = form(admin_client, SCORING, "edit-category-demographic", cap="-3")
    html = save(admin_client, "category-demographic", data, **HTMX).content.decode()
    assert 'id="edit-category-demographic-cap-error"' in html


def test_thresholds_that_do_not_rise_are_refused_at_their_field(admin_client, draft):
    html = save(
        admin_client, "thresholds", form(admin_client, SCORING, "edit-thresholds", mql="5"), **HTMX
    ).content.decode()
    assert now(draft).scoring["thresholds"] == {"warm": 10, "mql": 5, "sql": 60}
    assert 'id="edit-thresholds-mql-error">Must be more than Warm, which is 10</p>' in html


def test_the_spread_of_scores_says_what_became_of_each_band(admin_client, live):
    at = timezone.now()
    for score, won in ((5, None), (10, None), (19, at), (20, at), (100, None)):
        make_lead(score=score, created_at=at - timedelta(days=1), customer_at=won)
    make_lead(score=100, created_at=at - timedelta(days=100))
    make_lead(created_at=at)
    response = admin_client.get(f"{SCORING}bands/")
    spread = response.context["spread"]
    assert [(band.slug, band.leads, band.won) for band in spread.bands] == [
        ("cold", 1, 0.0),
        ("warm", 2, 50.0),
        ("mql", 1, 100.0),
        ("sql", 1, 0.0),
    ]
    assert [bar.leads for bar in spread.bars] == [0, 1, 1, 1, 1, *[0] * 14, 1]
    assert (spread.total, spread.unscored) == (5, 1)
    assert "1 leads have no score yet" in response.content.decode()


def test_the_spread_follows_the_drafts_own_rules(admin_client, draft):
    make_lead(score=5, company_size=100, created_at=timezone.now())
    rules = [{**RULES[0], "points": 70}]
    scoring = {**SCORING_MODEL, "rules": rules}
    versions.save(draft, {"scoring": scoring}, by=None, at=timezone.now(), revision=draft.revision)
    spread = admin_client.get(f"{SCORING}bands/").context["spread"]
    assert [band.leads for band in spread.bands] == [0, 0, 0, 1]


# who fits


def test_key_fields_and_the_review_are_saved(admin_client, draft):
    data = form(admin_client, FIT, "edit-key-fields", key_field=["country", "email"], review_days="30")
    save(admin_client, "key-fields", data, **HTMX)
    assert (now(draft).key_fields, now(draft).review_days) == (["email", "country"], 30)


@pytest.mark.parametrize("days", ["", "0", "-1", "1.5", "x", "99999999999999999999", "4000"])
def test_a_period_that_is_none_is_refused_and_kept_as_typed(admin_client, draft, days):
    data = form(admin_client, FIT, "edit-key-fields", review_days=days)
    answer = save(admin_client, "key-fields", data, **HTMX)
    assert answer.status_code == 422
    assert f'value="{days}"' in answer.content.decode()
    assert "Enter a whole number of days from 1 to 3,650" in answer.content.decode()
    assert save(admin_client, "key-fields", data).status_code == 422
    assert now(draft).review_days == 90


def test_an_icp_without_a_condition_is_none(admin_client, draft):
    save(admin_client, "icp", form(admin_client, FIT, "edit-icp", do="drop c.0"), **HTMX)
    assert now(draft).icp is None
    assert "No ideal customer is described" in admin_client.get(FIT).content.decode()


def test_queries_do_not_grow_with_the_rules(admin_client, draft, django_assert_max_num_queries):
    rules = [{**RULES[index % 2], "slug": f"rule-{index}"} for index in range(60)]
    versions.save(draft, {"scoring": {"rules": rules}}, by=None, at=timezone.now(), revision=draft.revision)
    with django_assert_max_num_queries(20):
        assert admin_client.get(SCORING).status_code == 200
