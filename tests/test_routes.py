"""Every route of the product, for every role: who may read it, and who may send something to it."""

import pytest
from django.db import transaction
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver
from django.utils import timezone

from kpis import replay
from leads import jobs
from leads.models import DefinitionSet, Job
from leads.views import document
from tests.factories import make_lead

ALL, FIGURES, ADMIN, NOBODY = {"rep", "manager", "admin"}, {"manager", "admin"}, {"admin"}, set()

ROUTES = {  # who may GET and who may POST; what nobody may do is no method of the route
    "kpis:dashboard": (ALL, NOBODY),  # a rep is led to their leads
    "kpis:panel": (FIGURES, NOBODY),
    "kpis:options": (FIGURES, NOBODY),
    "kpis:csv": (FIGURES, NOBODY),
    "kpis:kpi": (FIGURES, NOBODY),
    "kpis:rows": (FIGURES, NOBODY),
    "kpis:replay": (FIGURES, FIGURES),
    "kpis:replay-leads": (FIGURES, NOBODY),
    "kpis:replay-csv": (FIGURES, NOBODY),
    "kpis:restate": (NOBODY, FIGURES),
    "kpis:review": (FIGURES, ADMIN),
    "kpis:theme": (NOBODY, ALL),
    "leads:list": (ALL, NOBODY),
    "leads:job": (FIGURES, NOBODY),
    "leads:cancel-job": (NOBODY, FIGURES),
    "leads:new": (ALL, ALL),
    "leads:edit": (ALL, ALL),
    "leads:score": (ALL, NOBODY),
    "leads:override": (NOBODY, ALL),
    "leads:end-override": (NOBODY, ALL),
    "leads:move": (NOBODY, ALL),
    "leads:detail": (ALL, NOBODY),
    "definitions:home": (FIGURES, NOBODY),
    "definitions:stage": (FIGURES, NOBODY),
    "definitions:scoring": (FIGURES, NOBODY),
    "definitions:rules": (NOBODY, ADMIN),
    "definitions:rule": (FIGURES, NOBODY),
    "definitions:rule-matches": (FIGURES, NOBODY),
    "definitions:bands": (FIGURES, NOBODY),
    "definitions:fit": (FIGURES, NOBODY),
    "definitions:save-part": (NOBODY, ADMIN),
    "definitions:counts": (FIGURES, NOBODY),
    "definitions:backtest": (FIGURES, NOBODY),
    "definitions:run-backtest": (NOBODY, FIGURES),
    "definitions:prediction": (FIGURES, NOBODY),
    "definitions:train": (NOBODY, ADMIN),
    "definitions:take-points": (NOBODY, ADMIN),
    "definitions:history": (FIGURES, NOBODY),
    "definitions:upload": (NOBODY, ADMIN),
    "definitions:choose": (FIGURES, NOBODY),
    "definitions:version": (FIGURES, NOBODY),
    "definitions:restore": (NOBODY, ADMIN),
    "definitions:download": (FIGURES, NOBODY),
    "definitions:compare": (FIGURES, NOBODY),
    "definitions:start": (NOBODY, ADMIN),
    "definitions:discard": (NOBODY, ADMIN),
    "definitions:publish": (ADMIN, ADMIN),
    "definitions:affected": (ADMIN, NOBODY),
    "definitions:document": (ALL, NOBODY),
    "definitions:document-pdf": (ALL, NOBODY),
    "definitions:sign": (FIGURES, FIGURES),
    "api:kpis": (FIGURES, NOBODY),
    "leads-api:moves": (NOBODY, ALL),
    "schema": (ALL, NOBODY),
    "api-docs": (ALL, NOBODY),
}
OPEN = {"health-live", "health-ready"}  # and the pages of accounts: see test_pages_hardening.py
SAMPLES = {"slug": "mql", "name": "funnel", "stage": "mql", "side": "sales", "key": "one", "index": 0}
SAMPLES |= {"number": 1, "old": 1, "new": 2}
SLUGS = {"kpis:options": "channel", "kpis:kpi": "lead_volume", "kpis:rows": "lead_volume"}
MORE = {("leads-api:moves", "post"): {"content_type": "application/json"}}
RULE = {
    "slug": "french",
    "category": "firmographic",
    "points": 5,
    "when": {"field": "country", "op": "is_set"},
}
pytestmark = pytest.mark.django_db


def routes(resolver, space=""):
    """Yield the full name of every route, with the arguments its address takes."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern, inner)
        elif not (pattern.name or "").startswith("account_"):
            yield f"{space}{pattern.name}", set(pattern.pattern.converters)


ARGUMENTS = dict(routes(get_resolver()))


@pytest.fixture(autouse=True)
def job(monkeypatch):
    """A lead of nobody, a live version, and a draft that was replayed."""
    monkeypatch.setattr(document, "pdf", lambda definition, workspace: b"%PDF")
    make_lead(key="one")
    at = timezone.now()
    DefinitionSet.objects.create(number=1, status="published", effective_from=at)
    draft = DefinitionSet.objects.create(number=2, status="draft", scoring={"rules": [RULE]})
    made = replay.start(draft, 90, by=None, at=at)
    jobs.run(made.pk, at)
    assert Job.objects.get().state == "done"
    return made


def address(name, job):
    known = SAMPLES | {"pk": job.pk} | ({"slug": SLUGS[name]} if name in SLUGS else {})
    return reverse(name, kwargs={argument: known[argument] for argument in ARGUMENTS[name]})


def answers(client, method, job):
    """Return what every route answers, each on its own."""
    found = {}
    for name in ROUTES:
        with transaction.atomic():
            found[name] = getattr(client, method)(address(name, job), **MORE.get((name, method), {}))
            transaction.set_rollback(True)
    return found


def is_log_in(response):
    return response.status_code == 302 and response.url.startswith("/accounts/login/")


def fits(response, role, allowed):
    status = response.status_code
    if role in allowed:
        return status in (200, 201, 302, 400, 409, 422) and not is_log_in(response)
    return status in (403, 404) if allowed else status in (403, 405)


def test_the_table_has_a_line_for_every_route():
    assert set(ARGUMENTS) == ROUTES.keys() | OPEN


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_enters_without_an_account(client, job, method):
    found = answers(client, method, job)
    inside = {name for name, response in found.items() if not is_log_in(response)}
    assert {
        name: found[name].status_code for name in inside if found[name].status_code not in (401, 403)
    } == {}


@pytest.mark.parametrize("place", [0, 1], ids=["get", "post"])
@pytest.mark.parametrize("role", ["rep", "manager", "admin"])
def test_each_role_does_what_it_may_and_nothing_else(request, job, role, place):
    client = request.getfixturevalue(f"{role}_client")
    found = answers(client, ("get", "post")[place], job)
    wrong = {name for name, response in found.items() if not fits(response, role, ROUTES[name][place])}
    assert {name: found[name].status_code for name in wrong} == {}
