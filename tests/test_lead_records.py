"""Leads people write down: new ones, corrections, what a lead did; and two who edit at once."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from leads import records
from leads.models import BehaviourEvent, Campaign, Channel, DefinitionSet, LandingPage, Lead, Submission, User
from tests.factories import NOON, make_lead, make_policy

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(days=1)
NEW = "/leads/-/new/"


@pytest.fixture
def ads():
    return Channel.objects.create(key="ads", name="Google Ads", kind="paid")


@pytest.fixture
def spring(ads):
    return Campaign.objects.create(key="spring", name="Spring", channel=ads)


def key_fields(*names):
    DefinitionSet.objects.create(number=1, status="published", key_fields=list(names))


# The services


def test_a_new_lead_has_a_form_a_clock_and_is_to_be_judged(rep, ads, spring):
    make_policy(minutes=30)
    page = LandingPage.objects.create(key="quote", name="Quote", path="/quote")
    values = {"email": "Nadia@KESTREL.example", "campaign": spring, "landing_page": page, "owner": rep}
    lead = records.add_lead(values, by=rep, at=NOON)
    lead.refresh_from_db()
    assert (lead.created_at, lead.owner, lead.channel) == (NOON, rep, ads)
    assert lead.email_domain == "kestrel.example"
    assert lead.response_due_at == NOON + timedelta(minutes=30)
    assert lead.needs_judging
    form = Submission.objects.get()
    assert (form.lead, form.at, form.landing_page, form.complete) == (lead, NOON, page, False)


def test_a_channel_of_its_own_stays(rep, spring):
    mail = Channel.objects.create(key="mail", name="Mail", kind="email")
    lead = records.add_lead({"campaign": spring, "channel": mail}, by=rep, at=NOON)
    assert lead.channel == mail


@pytest.mark.parametrize(
    ("values", "complete"),
    [
        ({"company_size": 0, "industry": "Food"}, True),
        ({"company_size": None, "industry": "Food"}, False),
        ({"company_size": 10, "industry": ""}, False),
        ({}, False),
    ],
)
def test_a_form_is_complete_with_all_key_fields_and_0_is_filled(rep, values, complete):
    key_fields("company_size", "industry")
    records.add_lead({"company": "Acme", **values}, by=rep, at=NOON)
    assert Submission.objects.get().complete is complete


def test_a_form_is_complete_where_there_is_no_key_field(rep):
    key_fields()
    records.add_lead({"company": "Acme"}, by=rep, at=NOON)
    assert Submission.objects.get().complete


def test_an_edit_sets_what_changed_and_has_the_lead_judged(rep, ads, spring):
    lead = make_lead(owner=rep, email="old@old.example", email_domain="old.example")
    values = {"email": "n@new.example", "campaign": spring, "country": ""}
    changed = records.edit_lead(lead, values, by=rep)
    lead.refresh_from_db()
    assert changed == {"email", "email_domain", "campaign", "channel"}
    assert (lead.email_domain, lead.channel, lead.needs_judging) == ("new.example", ads, True)
    assert Submission.objects.count() == 0


def test_an_edit_that_changes_nothing_leaves_the_lead_alone(rep):
    lead = make_lead(owner=rep, company="Acme")
    assert records.edit_lead(lead, {"company": "Acme"}, by=rep) == set()
    lead.refresh_from_db()
    assert not lead.needs_judging


def test_a_rep_takes_a_lead_of_nobody_and_gives_none_away(rep, manager):
    free, mine = make_lead(), make_lead(owner=rep)
    for lead, owner in ((free, manager), (mine, None), (mine, manager)):
        with pytest.raises(ValidationError, match="Only a manager or admin"):
            records.edit_lead(lead, {"owner": owner}, by=rep)
    records.edit_lead(free, {"owner": rep}, by=rep)
    records.edit_lead(mine, {"owner": manager}, by=manager)
    assert list(Lead.objects.order_by("pk").values_list("owner__username", flat=True)) == ["rep", "manager"]


def test_a_rep_adds_no_lead_for_somebody_else(rep, manager):
    with pytest.raises(ValidationError, match="Only a manager or admin"):
        records.add_lead({"owner": manager}, by=rep, at=NOON)
    assert not Lead.objects.exists()


def test_an_event_is_recorded_and_has_the_lead_judged():
    lead = make_lead()
    records.add_event(lead, "pricing_view", at=LATER)
    records.add_event(lead, "download", at=LATER, happened_at=NOON)
    events = BehaviourEvent.objects.order_by("at").values_list("kind", "at")
    assert list(events) == [("download", NOON), ("pricing_view", LATER)]
    lead.refresh_from_db()
    assert lead.needs_judging


@pytest.mark.parametrize(
    ("kind", "happened_at"),
    [
        ("view", LATER + timedelta(microseconds=1)),
        ("", None),
        (" ", None),
        ("a\0b", None),
        ("a\ud800", None),
        ("x" * 101, None),
    ],
)
def test_an_event_of_the_future_or_of_no_kind_is_refused(kind, happened_at):
    lead = make_lead()
    with pytest.raises(ValidationError):
        records.add_event(lead, kind, at=LATER, happened_at=happened_at)
    assert not BehaviourEvent.objects.exists()


def test_what_is_merged_is_not_changed(rep):
    lead = make_lead(status="merged", merged_into=make_lead())
    for change in (
        lambda: records.edit_lead(lead, {"company": "X"}, by=None),
        lambda: records.add_event(lead, "view", at=LATER),
    ):
        with pytest.raises(ValidationError, match="merged into another"):
            change()


# The pages


def test_the_list_offers_a_new_lead_to_everybody(rep_client, manager_client, admin_client):
    for client in (rep_client, manager_client, admin_client):
        assert f'href="{NEW}"' in client.get("/leads/").content.decode()
        assert client.get(NEW).status_code == 200


def test_a_rep_adds_a_lead_and_owns_it(rep_client, rep):
    assert f'<option value="{rep.pk}" selected>' in rep_client.get(NEW).content.decode()
    typed = {"first_name": " Nadia ", "email": "nf@kestrel.example", "company_size": "45", "owner": rep.pk}
    response = rep_client.post(NEW, typed)
    lead = Lead.objects.get()
    assert (response.status_code, response.url) == (302, f"/leads/{lead.key}/")
    assert (lead.first_name, lead.company_size, lead.owner) == ("Nadia", 45, rep)
    assert lead.created_at <= timezone.now()
    assert Submission.objects.filter(lead=lead).count() == 1


def test_a_rep_may_leave_a_new_lead_to_nobody(rep_client):
    rep_client.post(NEW, {"company": "Kestrel", "owner": ""})
    assert Lead.objects.get().owner is None


def test_a_rep_cannot_choose_somebody_else(rep_client, manager):
    response = rep_client.post(NEW, {"company": "Kestrel", "owner": manager.pk})
    assert response.status_code == 422
    assert "Select a valid choice" in response.content.decode()
    assert not Lead.objects.exists()


def test_a_manager_gives_a_new_lead_to_a_rep(manager_client, rep):
    manager_client.post(NEW, {"company": "Kestrel", "owner": rep.pk})
    assert Lead.objects.get().owner == rep


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Give a name, an e-mail address or a company."),
        ({"company": "  "}, "Give a name"),
        ({"company": "A", "email": "not an address"}, "valid email address"),
        ({"company": "A", "company_size": "-1"}, "greater than or equal to 0"),
        ({"company": "A", "company_size": "9" * 400}, "less than or equal to 2147483647"),
        ({"company": "A", "company_size": "many"}, "whole number"),
        ({"company": "x" * 1001}, "at most 1000 characters"),
        ({"company": "a\0b"}, "Null characters are not allowed"),
        ({"company": "A", "channel": "999999"}, "valid choice"),
        ({"company": "A", "channel": "x"}, "valid choice"),
        ({"company": "A", "campaign": "9" * 40}, "valid choice"),
        ({"company": "A", "tags": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_a_bad_lead_is_refused_at_the_field_and_stays_typed(manager_client, typed, words):
    response = manager_client.post(NEW, {"region": "<Bavaria>", **typed})
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    assert 'value="&lt;Bavaria&gt;"' in page
    assert not Lead.objects.exists()


def edit(client, lead, **typed):
    """Post the edit page as it is now, with some fields typed anew."""
    form = client.get(f"/leads/-/edit/{lead.key}/").context["form"]
    fields = {name: form[name].value() for name in form.fields}
    given = {name: "" if value is None else value for name, value in fields.items()}
    return client.post(f"/leads/-/edit/{lead.key}/", {**given, **typed})


def test_a_rep_corrects_a_lead(rep_client, rep):
    lead = make_lead(key="a/b", owner=rep, company="Kestrel", company_size=45)
    assert 'href="/leads/-/edit/a/b/"' in rep_client.get("/leads/a/b/").content.decode()
    response = edit(rep_client, lead, company="Kestrel Foods", company_size="")
    assert (response.status_code, response.url) == (302, "/leads/a/b/")
    lead.refresh_from_db()
    assert (lead.company, lead.company_size, lead.owner, lead.needs_judging) == (
        "Kestrel Foods",
        None,
        rep,
        True,
    )


def test_what_was_not_typed_stays_exactly_as_it_came(manager_client):
    odd = {"email": "n/a", "first_name": " Nadia ", "job_title": "Head of\nOps", "tags": "vip;fair "}
    lead = make_lead(**odd, company="Old")
    typed = {"email": "n/a", "job_title": "Head ofOps", "company": "New"}
    assert edit(manager_client, lead, **typed).status_code == 302
    lead.refresh_from_db()
    assert {name: getattr(lead, name) for name in odd} == odd
    assert lead.company == "New"


def test_an_owner_who_left_stays_the_owner(manager_client, rep):
    User.objects.filter(pk=rep.pk).update(is_active=False)
    lead = make_lead(owner=rep, company="Old")
    assert edit(manager_client, lead, company="New").status_code == 302
    lead.refresh_from_db()
    assert (lead.company, lead.owner) == ("New", rep)


def test_a_rep_takes_a_free_lead_but_cannot_give_their_own_away(rep_client, rep, manager):
    free, mine = make_lead(company="Free"), make_lead(company="Mine", owner=rep)
    assert edit(rep_client, free, owner=manager.pk).status_code == 422
    assert edit(rep_client, free, owner=rep.pk).status_code == 302
    assert edit(rep_client, mine, owner=manager.pk, company="Still mine").status_code == 302
    owners = Lead.objects.order_by("pk").values_list("owner__username", "company")
    assert list(owners) == [("rep", "Free"), ("rep", "Still mine")]


def test_a_rep_cannot_edit_the_lead_of_somebody_else(rep_client, manager, client):
    lead = make_lead(key="theirs", owner=manager, company="Theirs")
    for asked in (rep_client.get, rep_client.post):
        assert asked("/leads/-/edit/theirs/", {"company": "Mine"}).status_code == 404
    assert client.post("/leads/-/edit/theirs/", {"company": "Mine"}).status_code == 302
    lead.refresh_from_db()
    assert lead.company == "Theirs"


def test_a_merged_lead_has_no_edit_page(manager_client):
    make_lead(key="gone", status="merged", merged_into=make_lead())
    assert manager_client.get("/leads/-/edit/gone/").status_code == 404
    assert "/-/edit/" not in manager_client.get("/leads/gone/").content.decode()


@pytest.mark.parametrize("key", ["nope", "a%00b"])
def test_a_lead_that_is_not_there_has_no_edit_page(manager_client, key):
    assert manager_client.get(f"/leads/-/edit/{key}/").status_code == 404


def test_an_edit_does_not_undo_what_somebody_else_saved_meanwhile(rep_client, rep):
    lead = make_lead(key="N1", owner=rep, company="Kestrel", country="FR")
    seen = rep_client.get("/leads/-/edit/N1/").context["form"].fingerprint
    Lead.objects.update(company="Kestrel Foods Ltd")
    typed = {"seen": seen, "company": "Kestrel", "country": "DE"}
    response = rep_client.post("/leads/-/edit/N1/", typed)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Somebody changed this lead while you did." in page
    assert "Now: Kestrel Foods Ltd" in page
    assert "Now: FR" in page
    assert 'value="DE"' in page
    lead.refresh_from_db()
    assert (lead.company, lead.country) == ("Kestrel Foods Ltd", "FR")
    again = {**typed, "seen": response.context["form"]["seen"].value()}
    assert rep_client.post("/leads/-/edit/N1/", again).status_code == 302
    lead.refresh_from_db()
    assert (lead.company, lead.country) == ("Kestrel", "DE")


def test_an_edit_without_the_mark_of_what_was_seen_is_a_conflict(rep_client):
    lead = make_lead(key="N1", company="Kestrel")
    assert rep_client.post("/leads/-/edit/N1/", {"company": "Mine"}).status_code == 422
    lead.refresh_from_db()
    assert lead.company == "Kestrel"


def test_a_conflict_names_the_channel_that_is_there_now(manager_client, ads):
    lead = make_lead(key="N1", company="Kestrel")
    seen = manager_client.get("/leads/-/edit/N1/").context["form"].fingerprint
    Lead.objects.update(channel=ads)
    response = manager_client.post("/leads/-/edit/N1/", {"seen": seen, "company": "Kestrel", "channel": ""})
    assert "Now: Google Ads" in response.content.decode()
    lead.refresh_from_db()
    assert lead.channel == ads


def test_a_move_meanwhile_is_no_conflict(rep_client):
    lead = make_lead(key="N1", company="Kestrel")
    seen = rep_client.get("/leads/-/edit/N1/").context["form"].fingerprint
    Lead.objects.update(score=80, needs_judging=True)
    assert rep_client.post("/leads/-/edit/N1/", {"seen": seen, "company": "New"}).status_code == 302
    lead.refresh_from_db()
    assert (lead.company, lead.score) == ("New", 80)


def test_pages_of_forms_have_no_inline_script_or_style(manager_client):
    make_lead(key="N1")
    for address in (NEW, "/leads/-/edit/N1/", "/leads/N1/"):
        page = manager_client.get(address).content.decode()
        for inline in (" style=", "<style", "<script>", " onclick", "hx-on"):
            assert inline not in page


def test_a_form_sent_twice_makes_one_lead(rep_client):
    page = rep_client.get(NEW).content.decode()
    key = page.partition('name="key" value="')[2][:32]
    sent = [rep_client.post(NEW, {"key": key, "first_name": "Ada"}) for _ in range(2)]
    assert [answer.url for answer in sent] == [f"/leads/{key}/"] * 2
    assert Lead.objects.get().first_name == "Ada"


@pytest.mark.parametrize("key", ["", "mine", "A" * 32, "0" * 31, "x\0"])
def test_a_form_without_a_key_of_ours_gets_one(rep_client, key):
    rep_client.post(NEW, {"key": key, "first_name": "Ada"})
    assert Lead.objects.get().key not in ("", key)
