"""The agreement: what it says of a version, who may read it, and as a PDF."""

from decimal import Decimal

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.definitions import clock_words
from leads.definitions.document import document
from leads.definitions.paper import Bullets, Table, Text
from leads.models import DefinitionSet, User, Workspace
from leads.views.document import printable, static_file
from tests.factories import NOON, make_calendar, make_policy, utc

pytestmark = pytest.mark.django_db

SCORE = {"field": "score", "op": "gte", "value": 50}
BIG = {"field": "company_size", "op": "gte", "value": 20}
DIRECTOR = {
    "slug": "director-or-owner",
    "category": "demographic",
    "points": 12,
    "when": {"field": "seniority", "op": "in", "value": ["Director", "Owner"]},
}
PRICING = {
    "slug": "pricing-view",
    "category": "behavioural",
    "points": 7,
    "per_event": "pricing_view",
    "max": 14,
    "half_life_days": 60,
    "daily_cap": 2,
}


def publish(**fields):
    return DefinitionSet.objects.create(
        **{"number": 1, "status": "published", "effective_from": NOON, **fields}
    )


def parts(title, **fields):
    """Return the parts of one section of the document of a version."""
    definition = publish(**fields)
    sections = document(definition, Workspace.current()).sections
    return next(section.parts for section in sections if section.title == title)


def said(found):
    """Return everything that parts say, as one text."""
    lines = []
    for part in found:
        if isinstance(part, Bullets):
            lines += part.items
        elif isinstance(part, Table):
            lines += [" | ".join(row) for row in part.rows]
        else:
            lines.append(part.text)
    return "\n".join(lines)


# What qualified means


def test_an_automatic_stage_lists_its_criteria():
    found = parts(
        "The stages of a lead", stages={"mql": {"when": {"all": [SCORE, BIG]}, "mode": "automatic"}}
    )
    index = found.index(Text("A lead becomes MQL by itself as soon as all of this holds:"))
    assert found[index + 1] == Bullets(["Score is at least 50", "Company size is at least 20"])


def test_any_of_several_criteria_says_so():
    found = parts("The stages of a lead", stages={"sql": {"when": {"any": [SCORE, BIG]}, "mode": "manual"}})
    assert Text("A person makes a lead SQL once any of this holds:") in found


def test_a_stage_without_a_condition_is_a_person_s_to_give():
    assert Text("A person makes a lead SAL.") in parts("The stages of a lead", stages={})


def test_an_ideal_customer_is_listed():
    assert said(parts("Ideal customer profile", icp=BIG)) == (
        "A lead fits the ideal customer profile if this holds:\nCompany size is at least 20"
    )


@pytest.mark.parametrize(
    ("icp", "text"), [(None, "No ideal customer profile is agreed."), ({"all": []}, "Every lead fits.")]
)
def test_a_profile_may_be_none_or_everybody(icp, text):
    assert said(parts("Ideal customer profile", icp=icp)) == text


def test_scoring_is_a_table_a_category():
    scoring = {
        "rules": [DIRECTOR, PRICING],
        "caps": {"demographic": 30},
        "weights": {"behavioural": 1.5},
        "thresholds": {"warm": 25, "mql": 50, "sql": 80},
    }
    assert said(parts("Scoring", scoring=scoring)).splitlines()[1:] == [
        "Who they are (at most 30 points together)",
        "Director or owner | seniority is Director or Owner | +12",
        "What they do (counted 1.5 times)",
        "Pricing view | each pricing view | +7 | 14 points, 2 a day | halves every 60 days",
        "What a score is called",
        "Cold | below 25",
        "Warm | from 25",
        "MQL | from 50",
        "SQL-ready | from 80",
    ]


def test_without_scoring_it_says_so():
    assert said(parts("Scoring")) == "Leads are not scored."


def test_key_information_is_listed():
    assert said(parts("Key information", key_fields=["company_size", "job_title"])).endswith(
        "Company size\nJob title"
    )


def test_without_key_fields_nothing_is_asked():
    assert said(parts("Key information", key_fields=[])) == "No information is asked of every lead."


def test_a_review_is_named_in_days():
    assert "again 30 days after it took effect" in said(parts("Review", review_days=30))


def test_changes_are_those_against_the_version_before():
    DefinitionSet.objects.create(number=1, status="superseded", key_fields=["company_size"])
    DefinitionSet.objects.create(number=3, status="draft", key_fields=["email"])
    text = said(parts("Changes", number=2, key_fields=["company_size", "industry"]))
    assert text.startswith("Against version 1:\nKey fields: ")
    assert "industry" in text


def test_the_first_version_has_none_before():
    assert said(parts("Changes")) == "This is the first version."


# The head


def test_the_head_says_since_when_and_until_when_it_holds():
    Workspace.objects.create(pk=1, name="Kestrel", time_zone="Asia/Tokyo")
    definition = publish(
        status="superseded",
        effective_from=utc("2026-03-02 20:00"),
        superseded_at=utc("2026-05-02 12:00"),
        reason="Fewer, better",
        published_by=User.objects.create(username="hanna", name="Hanna Feld"),
    )
    assert document(definition, Workspace.current()).facts == [
        ("Company", "Kestrel"),
        ("Version", "1"),
        ("In force from", "3 March 2026"),
        ("In force until", "2 May 2026"),
        ("Published by", "Hanna Feld"),
        ("Reason", "Fewer, better"),
    ]


def test_an_imported_version_has_a_day_not_recorded():
    facts = document(publish(effective_from=None), Workspace.current()).facts
    assert ("In force from", "a day not recorded") in facts


def test_a_published_version_says_the_same_whenever_it_is_read():
    definition = publish(stages={"mql": {"when": SCORE, "mode": "automatic"}}, scoring={"rules": [DIRECTOR]})
    first = document(definition, Workspace.current())
    assert document(DefinitionSet.objects.get(), Workspace.current()) == first


# Response times


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        ("5", "5 minutes"),
        ("1", "1 minute"),
        ("60", "1 hour"),
        ("90", "1 hour 30 minutes"),
        ("1440", "24 hours"),
        ("0.5", "30 seconds"),
        ("61.5", "1 hour 1 minute 30 seconds"),
        ("59.9999", "1 hour"),
        ("0", "0 minutes"),
    ],
)
def test_minutes_are_written_as_people_say_them(minutes, text):
    assert clock_words.minutes_words(Decimal(minutes)) == text


def test_response_times_are_a_line_a_policy():
    make_policy(
        when={"field": "country", "op": "eq", "value": "Germany"},
        minutes=5,
        clock="business_hours",
        calendar=make_calendar(holidays=["2026-12-24"], country="DE"),
        warn_at="0.6",
        escalate_after_minutes=15,
    )
    make_policy(minutes=60, stops_on="any")
    make_policy(minutes=1, active=False)
    lines = said(parts("Response times")).splitlines()[1:]
    assert lines == [
        "1 | Country is Germany | within 5 minutes of business hours (office) "
        "| after 3 minutes (60% of the time) | 15 minutes after it is late",
        "2 | Every other lead | within 1 hour, around the clock "
        "| after 48 minutes (80% of the time) | not agreed",
        "As an answer counts:",
        f"Line 1: {clock_words.ANSWERS['meaningful']}",
        "Line 2: any attempt of a person to reach the lead",
        "Business hours: office",
        "Monday to Friday: 09:00–17:00",
        "Saturday and Sunday: closed",
        "Local time of Europe/Paris. Closed on the public holidays of Germany and 24 December 2026.",
    ]


def test_hours_name_days_of_the_same_hours_together():
    day, short = [["09:00", "12:00"], ["13:00", "17:30"]], [["09:00", "16:30"]]
    calendar = make_calendar(hours={"mon": day, "tue": day, "wed": day, "fri": short})
    assert clock_words.hours_words(calendar) == [
        "Monday to Wednesday: 09:00–12:00 and 13:00–17:30",
        "Thursday: closed",
        "Friday: 09:00–16:30",
        "Saturday and Sunday: closed",
    ]


def test_countries_are_named():
    assert clock_words.holidays_words(make_calendar(country="gb")) == "the public holidays of United Kingdom"


def test_without_policies_it_says_so():
    assert said(parts("Response times")) == "No response times are agreed."
    assert "as late" not in said(document(DefinitionSet.objects.get(), Workspace.current()).sections[5].parts)


# Drafts


@pytest.mark.parametrize(
    "fields",
    [
        {"stages": {"mql": {"when": {"field": "no_such_field"}, "mode": "automatic"}}},
        {"stages": {"mql": "by hand"}, "scoring": {"rules": [{}, 3], "thresholds": []}},
        {"stages": ["mql"], "icp": [], "scoring": [], "key_fields": {}},
        {"scoring": {"rules": {"a": 1}, "caps": 3, "thresholds": {"warm": "x"}}, "key_fields": [["x"], 3]},
        {"icp": {"all": [{"field": "country", "op": "between", "value": 7}]}},
    ],
)
def test_an_unfinished_draft_can_be_read(admin_client, fields):
    DefinitionSet.objects.bulk_create(
        [DefinitionSet(**{"number": 4, "status": "draft", "stages": {}, **fields})]
    )
    response = admin_client.get("/definitions/agreement/4/")
    assert response.status_code == 200
    assert "DRAFT" in response.content.decode()


# Who may read it


def test_everybody_who_logs_in_reads_what_is_published(rep_client, client):
    publish()
    assert client.get("/definitions/agreement/1/").status_code == 302
    response = rep_client.get("/definitions/agreement/1/")
    assert response.status_code == 200
    page = response.content.decode()
    assert "Agreement between marketing and sales" in page
    assert "DRAFT" not in page
    assert "/sign/" not in page


def test_drafts_are_for_managers_and_admins(rep_client, manager_client):
    publish(status="draft")
    assert manager_client.get("/definitions/agreement/1/").status_code == 200
    assert rep_client.get("/definitions/agreement/1/").status_code == 404
    assert rep_client.get("/definitions/agreement/1.pdf").status_code == 404


@pytest.mark.parametrize("number", ["2", "9" * 30])
def test_a_version_that_is_not_there_is_not_found(rep_client, number):
    publish()
    assert rep_client.get(f"/definitions/agreement/{number}/").status_code == 404
    assert rep_client.get(f"/definitions/agreement/{number}.pdf").status_code == 404


def test_what_people_wrote_is_text(rep_client):
    publish(reason="<script>alert(1)</script>")
    page = rep_client.get("/definitions/agreement/1/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_more_policies_cost_no_more_queries(rep_client):
    publish()
    make_policy(clock="business_hours", calendar=make_calendar())

    def queries():
        with CaptureQueriesContext(connection) as asked:
            rep_client.get("/definitions/agreement/1/")
        return len(asked)

    few = queries()
    for number in range(5):
        make_policy(clock="business_hours", calendar=make_calendar(slug=f"calendar-{number}"))
    assert queries() == few


# PDF


def test_the_pdf_is_a_file_of_its_own(rep_client):
    publish()
    response = rep_client.get("/definitions/agreement/1.pdf")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'attachment; filename="agreement-version-1.pdf"'
    assert response.content.startswith(b"%PDF-")


def test_the_pdf_numbers_its_pages_and_repeats_table_heads():
    rules = [{**DIRECTOR, "slug": f"rule-{number}"} for number in range(120)]
    definition = publish(scoring={"rules": rules})
    pages = [texts(page) for page in printable(definition, Workspace.current()).render().pages]
    assert len(pages) > 3
    for number, words in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in words
        assert "Agreement between marketing and sales, version 1" in words
    with_rules = [words for words in pages if any(word.startswith("Rule ") for word in words)]
    assert len(with_rules) > 1
    assert all("Points" in words for words in with_rules)


def texts(page):
    """Return the texts on a page of a PDF, as they were laid out."""
    return [box.text for box in page._page_box.descendants() if hasattr(box, "text")]


def test_a_draft_is_marked_in_the_pdf():
    definition = publish(status="draft")
    [first, *_] = printable(definition, Workspace.current()).render().pages
    assert "Agreement between marketing and sales, version 1 (draft)" in texts(first)


def test_a_pdf_takes_in_static_files_only():
    assert b"--canvas" in static_file("https://static.invalid/static/css/theme.css")
    for address in (
        "https://example.com/static/css/theme.css",
        "https://static.invalid.example.com/static/css/theme.css",
        "https://static.invalid/health/live",
        "https://static.invalid/static/../manage.py",
        "https://static.invalid/static/%2e%2e/manage.py",
        "https://static.invalid/static//etc/passwd",
        "https://static.invalid/static/css/none.css",
        "file:///etc/passwd",
    ):
        with pytest.raises((ValueError, OSError, SuspiciousFileOperation)):
            static_file(address)


def test_a_server_without_pango_says_how_to_print(rep_client, monkeypatch):
    def fail(*_):
        raise OSError("cannot load library 'libpango-1.0-0'")

    publish()
    monkeypatch.setattr("leads.views.document.pdf", fail)
    response = rep_client.get("/definitions/agreement/1.pdf")
    assert response.status_code == 503
    page = response.content.decode()
    assert "print it to a PDF from your browser" in page
    assert 'href="/definitions/agreement/1/"' in page
