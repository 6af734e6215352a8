"""The pages of the rule backtest and of the forecast, and the forecast on a lead's page."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from leads import backtest, jobs
from leads.models import DefinitionSet, Job, Lead, PredictiveModel
from leads.prediction import training
from tests import test_backtest, test_prediction
from tests.factories import make_event, make_lead, make_stage_event
from tests.test_backtest import FRENCH, PRICING, make_leads
from tests.test_prediction import DIRECTOR, NOW, PHONE, history, publish

BACKTEST, RUN = reverse("definitions:backtest"), reverse("definitions:run-backtest")
PREDICTION, TRAIN = reverse("definitions:prediction"), reverse("definitions:train")
TAKE = reverse("definitions:take-points")


def text(client, url=PREDICTION, status=200):
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


def trained(*rules):
    """Train on 600 leads; return the model with suggestions that are known."""
    definition = publish(*(rules or (DIRECTOR, PHONE)))
    history(600)
    return definition, test_prediction.trained()


def suggestion(rule, points, verdict):
    return {"rule": rule, "leads": 50, "suggested": points, "low": 1, "high": 30, "verdict": verdict}


def suggesting(*suggestions):
    """Return a stored model with these suggestions; without one trained, its page need not be drawn."""
    return PredictiveModel.objects.create(
        trained_at=NOW, weights={}, quality={}, suggestions=list(suggestions)
    )


# The rule backtest


def test_reps_may_see_neither_page(rep_client):
    for url in (BACKTEST, PREDICTION):
        assert rep_client.get(url).status_code == 403
    for url in (RUN, TRAIN, TAKE):
        assert rep_client.post(url).status_code == 403
    assert not Job.objects.exists()


def test_only_admins_train_and_take_points(manager_client):
    assert manager_client.post(TRAIN).status_code == 403
    assert manager_client.post(TAKE).status_code == 403
    assert "Train</button>" not in text(manager_client)


def test_without_rules_the_page_says_so(manager_client):
    page = text(manager_client, BACKTEST)
    assert "No scoring rules yet" in page
    assert RUN not in page
    assert manager_client.post(RUN).status_code == 302
    assert not Job.objects.exists()


def test_a_manager_runs_the_backtest_once(manager_client, manager):
    publish(FRENCH)
    assert "Not run yet" in text(manager_client, BACKTEST)
    manager_client.post(RUN)
    manager_client.post(RUN)
    job = Job.objects.get(kind="backtest")
    assert (job.by, job.params["days"]) == (manager, 365)
    assert "Waiting for a worker" in text(manager_client, BACKTEST)


def test_a_failed_run_says_why_and_can_be_tried_again(manager_client):
    definition = publish({**FRENCH, "points": "ten"}, status="draft")
    assert test_backtest.run(definition).state == "failed"
    page = text(manager_client, BACKTEST)
    assert "The scoring of version 1 has a mistake" in page
    assert RUN in page


def test_rules_stand_by_category_with_what_became_of_their_leads(manager_client):
    costly = {
        **FRENCH,
        "slug": "spanish",
        "points": -3,
        "when": {"field": "country", "op": "eq", "value": "Spain"},
    }
    definition = publish(FRENCH, PRICING, costly)
    make_leads(25, "France", sql=15, customers=10)
    make_leads(75, "Spain", sql=15, customers=5)
    test_backtest.run(definition)
    page = text(manager_client, BACKTEST)
    assert page.index("Their company") < page.index("What they do") < page.index("Takes points away")
    assert "40.0% / 6.7%" in page  # 10 of 25 against 5 of 75
    assert "2.7 ×" in page  # 40 % of 15 %
    assert page.count(">Helps</span>") == 2
    assert page.count(">Too few to say</span>") == 1
    sql = text(manager_client, BACKTEST + "?outcome=sql")
    assert "60.0% / 20.0%" in sql
    assert "100 leads, 30 became SQL (30.0%)" in sql


def test_a_rule_that_works_against_its_points_is_marked(manager_client):
    definition = publish({**FRENCH, "points": -10})
    make_leads(25, "France", sql=15, customers=10)
    make_leads(75, "Spain", sql=15, customers=5)
    test_backtest.run(definition)
    page = text(manager_client, BACKTEST)
    assert '<tr class="harms">' in page
    assert "French</b> gives −10: 40.0% became customer, without it 6.7%" in page


def test_a_changed_draft_makes_the_run_stale(manager_client):
    definition = publish(FRENCH, PRICING, status="draft")
    make_leads(3, "France")
    test_backtest.run(definition)
    assert "The draft changed" not in text(manager_client, BACKTEST)
    definition.scoring = {"rules": [{**FRENCH, "when": {"field": "phone", "op": "is_set"}}, PRICING]}
    definition.revision += 1
    definition.save()
    page = text(manager_client, BACKTEST)
    assert "The draft changed" in page
    assert page.count("Changed since the last run") == 1


def test_a_draft_with_broken_rules_still_has_its_page(manager_client):
    broken = {"slug": "x", "points": "many", "category": ["odd"], "when": 3, "half_life_days": "<b>"}
    publish(broken, "nonsense", {"slug": 3}, status="draft")
    assert "Not run yet" in text(manager_client, BACKTEST)
    test_backtest.run(DefinitionSet.draft())
    assert "has a mistake" in text(manager_client, BACKTEST)


def test_a_run_over_no_leads_says_so(manager_client):
    definition = publish(FRENCH)
    test_backtest.run(definition)
    page = text(manager_client, BACKTEST)
    assert "No leads to look at" in page
    assert "Too few to say" in page


@pytest.mark.parametrize("outcome", ["", "win", "%00", "customer'"])
def test_an_unknown_outcome_is_the_usual_one(manager_client, outcome):
    assert "Rule backtest" in text(manager_client, f"{BACKTEST}?outcome={outcome}")


def test_the_pages_queries_do_not_grow_with_rules(manager_client, django_assert_max_num_queries):
    definition = publish(*({**PRICING, "slug": f"rule-{i}"} for i in range(40)))
    make_leads(3, "France")
    test_backtest.run(definition)
    with django_assert_max_num_queries(20):
        manager_client.get(BACKTEST)


# The forecast's page


def test_without_a_forecast_the_page_says_what_it_takes(admin_client, manager_client):
    assert "It takes 200 of them" in text(admin_client)
    assert "An admin can train it" in text(manager_client)


def test_an_admin_trains_it_once(admin_client, admin):
    admin_client.post(TRAIN)
    admin_client.post(TRAIN)
    assert Job.objects.get(kind="train").by == admin
    assert "Waiting for a worker" in text(admin_client)


def test_a_refused_training_says_how_many_leads_there_are(admin_client):
    test_prediction.train(timezone.now())
    assert "so far there are 0 (0 won, 0 lost)." in text(admin_client)


def test_quality_weights_suggestions_and_history_are_shown(admin_client, manager_client):
    _, model = trained()
    page = text(admin_client)
    assert "420 leads" in page
    assert "180 leads" in page
    assert f"{model.quality['auc'][0]:.2f}" in page
    assert "Seniority: Director" in page
    assert page.count('name="rule"') == sum(
        each["verdict"] not in ("few", "keep") for each in model.suggestions
    )
    assert "Take into a draft" in page
    assert "in use" in page
    assert 'name="rule"' not in text(manager_client)


def test_ticked_points_start_a_draft_and_change_nothing_else(admin_client, admin):
    live = publish(DIRECTOR, PHONE)
    model = suggesting(suggestion(DIRECTOR, 15.0, "raise"), suggestion(PHONE, 2.5, "lower"))
    response = admin_client.post(TAKE, {"model": model.pk, "rule": ["director"]})
    assert response.url == reverse("definitions:scoring")
    draft = DefinitionSet.draft()
    assert draft.scoring == {"rules": [{**DIRECTOR, "points": 15}, PHONE]}
    assert (draft.based_on, draft.edited_by) == (live, admin)
    live.refresh_from_db()
    assert live.scoring == {"rules": [DIRECTOR, PHONE]}


def test_ticked_points_go_into_the_draft_there_is_and_twice_is_once(admin_client):
    publish(DIRECTOR, PHONE)
    draft = publish({**PHONE, "points": 1}, DIRECTOR, number=2, status="draft")
    model = suggesting(suggestion(DIRECTOR, 15.0, "raise"))
    for _ in range(2):
        assert admin_client.post(TAKE, {"model": model.pk, "rule": "director"}).status_code == 302
    draft.refresh_from_db()
    assert draft.scoring == {"rules": [{**PHONE, "points": 1}, {**DIRECTOR, "points": 15}]}


def test_a_rule_somebody_changed_is_not_overwritten_and_ticks_are_kept(admin_client):
    definition, model = trained()
    model.suggestions = [suggestion(DIRECTOR, 15.0, "raise"), suggestion(PHONE, 2.5, "lower")]
    model.save()
    draft = publish({**DIRECTOR, "points": 3}, PHONE, number=2, status="draft")
    response = admin_client.post(TAKE, {"model": model.pk, "rule": ["director", "phone"]})
    assert response.status_code == 409
    assert "Director was changed in the draft meanwhile" in response.content.decode()
    assert 'value="phone" id="take-2" aria-label="Take over the points of Phone" checked' in (
        response.content.decode()
    )
    draft.refresh_from_db()
    assert draft.scoring == {"rules": [{**DIRECTOR, "points": 3}, PHONE]}
    assert draft.revision == 0
    assert definition.scoring == {"rules": [DIRECTOR, PHONE]}


@pytest.mark.parametrize(
    ("rules", "status", "problem"),
    [
        ([], 422, "Tick the rules"),
        (["nobody"], 409, "No points are suggested for Nobody."),
        (["\0"], 409, "No points are suggested"),
    ],
)
def test_ticks_that_make_no_sense_are_refused_and_leave_no_draft(admin_client, rules, status, problem):
    _, model = trained()
    response = admin_client.post(TAKE, {"model": model.pk, "rule": rules})
    assert response.status_code == status
    assert problem in response.content.decode()
    assert DefinitionSet.draft() is None


@pytest.mark.parametrize("model", ["", "0", "x", "99999999999999999999"])
def test_suggestions_of_an_older_forecast_are_refused(admin_client, model):
    trained()
    response = admin_client.post(TAKE, {"model": model, "rule": "director"})
    assert response.status_code == 409
    assert "trained anew meanwhile" in response.content.decode()
    assert DefinitionSet.draft() is None


# On a lead's page


def lead_text(client, lead):
    return text(client, reverse("leads:detail", args=[lead.key]))


def test_a_lead_shows_its_forecast_with_reasons_and_managers_a_way_to_its_quality(rep_client, manager_client):
    trained()
    lead = make_lead(created_at=NOW - timedelta(days=40), seniority="Director")
    for _ in range(3):
        make_event(lead, "pricing_view", NOW - timedelta(days=20))
    seen = lead_text(rep_client, lead)
    assert "to become a customer" in seen
    assert 'Director <span class="good">(+)</span>' in seen
    assert "3 pricing views" in seen
    assert PREDICTION not in seen
    assert PREDICTION in lead_text(manager_client, lead)


def test_without_a_model_a_lead_shows_nothing_of_it(rep_client):
    assert "Predicted" not in lead_text(rep_client, make_lead())


def test_a_rejected_lead_shows_no_forecast(rep_client):
    trained()
    lead = make_lead()
    make_stage_event(lead, "rejected", lead.created_at)
    assert "Predicted" not in lead_text(rep_client, lead)


def test_training_changes_no_score_stage_or_flag(db):
    publish(DIRECTOR)
    history(300)
    columns = ("pk", "score", "scored_at", "needs_judging", "mql_at", "sql_at", "owner")
    before = list(Lead.objects.order_by("pk").values_list(*columns))
    test_prediction.trained()
    assert list(Lead.objects.order_by("pk").values_list(*columns)) == before


def test_both_jobs_are_known_to_workers():
    assert {backtest.KIND, training.KIND} <= set(jobs.WORK)


def test_the_scoring_page_leads_to_the_backtest_until_it_was_run_and_then_shows_what_it_found(manager_client):
    definition = publish(FRENCH)
    make_leads(25, "France", sql=15, customers=10)
    make_leads(75, "Spain", sql=15, customers=5)
    scoring = reverse("definitions:scoring")
    assert "once it was run" in text(manager_client, scoring)
    test_backtest.run(definition)
    page = text(manager_client, scoring)
    assert "once it was run" not in page
    assert page.count("Customers against average: ") == 1
