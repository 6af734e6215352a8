"""What a draft would have changed: the panel beside the editor, its page, and the leads behind it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, F, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers
from rest_framework.exceptions import ValidationError

from kpis import replay as service
from kpis.definitions import NONE
from kpis.reasons import reasons
from kpis.replay import KINDS, WINDOWS, Comparison
from kpis.views.exports import BOM, CHUNK, CSV, Echo, attached, safe
from kpis.views.frame import Choice
from kpis.views.replay_lines import chart, lines, warning, weeks
from leads.conditions.facts import stage
from leads.conditions.moment import Moment
from leads.models import Channel, DefinitionSet, Job, Lead, User, Workspace
from leads.paging import page_of
from leads.views.access import figures_only
from leads.views.rendering import page

SHOWN = 6  # leads in the panel
DEFAULT_DAYS = 90


@require_http_methods(["GET", "HEAD", "POST"])
@figures_only
@vary_on_headers("HX-Request")
def replay(request: HttpRequest) -> HttpResponse:
    """Draw the newest result for the draft; a POST has the draft replayed as it stands."""
    draft, days = DefinitionSet.draft(), _days(request)
    kind = _kind(request)
    if request.method == "POST" and draft:
        assert isinstance(request.user, User)
        service.start(draft, days, by=request.user, at=timezone.now())
    is_part = request.headers.get("HX-Request")
    if request.method == "POST" and not is_part:
        return HttpResponseRedirect(_url(days=days, kind=kind))
    context = {"section": "definitions", "tab": "replay"} | _panel(draft, days, kind)
    return page(request, "kpis/_replay.html" if is_part else "kpis/replay.html", context)


def _panel(draft: DefinitionSet | None, days: int, kind: str) -> dict[str, Any]:
    """Return what the panel shows: the state of the work, and the newest result if there is one."""
    context: dict[str, Any] = {"draft": draft, "current": DefinitionSet.current(), "days": days, "kind": kind}
    context["windows"] = [Choice(f"{d} d", _url(days=d, kind=kind), d == days) for d in WINDOWS]
    context["url"] = _url(days=days, kind=kind)
    if draft is None:
        return context
    job, done = service.latest(draft, days), service.latest_done(draft, days)
    found = service.comparison(done) if done else None
    is_fresh = bool(done and found and service.is_fresh(done, draft, timezone.now()))
    ended_badly = job is not None and job.state in (Job.State.FAILED, Job.State.CANCELLED)
    context |= {
        "job": None if is_fresh else job,
        "is_fresh": is_fresh,
        "runs_itself": not is_fresh and not ended_badly and (job is None or job.state == Job.State.DONE),
    }
    if done and done.result and found:
        context |= _shown(found, done.result, kind)
    return context


def _shown(found: Comparison, result: dict[str, Any], kind: str) -> dict[str, Any]:
    counts = _counts(result)
    rows = _rows(found, kind, "")
    return {
        "result": result,
        "first": date.fromisoformat(result["first"]),
        "until": datetime.fromisoformat(result["until"]),
        "live": found.live and found.live.definition,
        "lines": lines(result, found.workspace.currency),
        "channels": [_change(row) for row in result["channels"]],
        "weeks": weeks(result),
        "chart": chart(result, found),
        "warning": warning(result, counts["leaving"]),
        "kinds": [
            (Choice(label, _url(days=found.days, kind=name), name == kind), counts[name])
            for name, label in KINDS.items()
        ],
        "count": counts[kind],
        "leads": _reasoned(found, kind, list(rows[:SHOWN])),
        "leads_url": f"{reverse('kpis:replay-leads')}?{urlencode({'days': found.days, 'kind': kind})}",
    }


def _change(row: dict[str, Any]) -> dict[str, Any]:
    live = row.get("live")
    return row | {"live": live, "change": None if live is None else row["draft"] - live}


def _counts(result: dict[str, Any]) -> dict[str, int]:
    """Return how many leads there are of each kind."""
    both, sides = result["unchanged"]["mqls"], result["sides"]
    live = sides["live"]["mqls"] if "live" in sides else 0
    return {"leaving": live - both, "entering": sides["draft"]["mqls"] - both, "unchanged": both}


# The leads


def _rows(found: Comparison, kind: str, channel: str) -> QuerySet[Lead]:
    """Return the leads of a kind with their stage, those furthest up the ladder first."""
    rows = found.leads(kind, channel).annotate(current_stage=stage(Moment(found.until)))
    order = [
        Case(
            When(**{f"{rung}_at__lte": found.until}, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        ).desc()
        for rung in ("customer", "sql")
    ]
    return rows.select_related("channel", "owner").order_by(*order, F("created_at").desc(), "pk")


def _reasoned(found: Comparison, kind: str, leads: list[Any]) -> list[Any]:
    """Give each lead the reason why the other version sees it otherwise."""
    why = reasons(found, kind, leads) if leads else {}
    for lead in leads:
        lead.why = why.get(lead.pk, "")
    return leads


def _behind(request: HttpRequest) -> tuple[Comparison, str, str]:
    """Return the comparison, kind and channel an address of leads asks for."""
    draft, days, kind = DefinitionSet.draft(), _days(request), _kind(request)
    channel = request.GET.get("channel", "")
    if "\0" in channel or (channel and channel != NONE and not Channel.objects.filter(key=channel).exists()):
        raise ValidationError({"channel": ["Unknown channel."]})
    done = service.latest_done(draft, days) if draft else None
    found = service.comparison(done) if done else None
    if found is None:
        raise Http404
    return found, kind, channel


@require_safe
@figures_only
def replay_leads(request: HttpRequest) -> HttpResponse:
    """List all leads of a kind."""
    found, kind, channel = _behind(request)
    rows = _rows(found, kind, channel)
    shown = page_of(rows, request.GET)
    here = {"days": found.days, "kind": kind, "channel": channel}
    context = {
        "section": "definitions",
        "tab": "replay",
        "found": found,
        "draft": found.draft.definition,
        "live": found.live and found.live.definition,
        "first": found.period.first,
        "kind_label": KINDS[kind],
        "page": shown,
        "leads": _reasoned(found, kind, list(shown.rows)),
        "count": rows.count(),
        "kinds": [
            Choice(label, f"?{urlencode({**here, 'kind': name})}", name == kind)
            for name, label in KINDS.items()
        ],
        "channels": [("", "All channels"), *Channel.objects.values_list("key", "name"), (NONE, "(none)")],
        "channel": channel,
        "here": here,
        "back_url": _url(days=found.days, kind=kind),
        "csv_url": f"{reverse('kpis:replay-csv')}?{urlencode(here)}",
    }
    return page(request, "kpis/replay_leads.html", context)


COLUMNS = ("Lead", "Name", "Company", "Channel", "Owner", "Created", "MQL at", "Why", "Stage")


@require_safe
@figures_only
def replay_csv(request: HttpRequest) -> HttpResponse:
    """Export exactly the leads the page lists."""
    found, kind, channel = _behind(request)
    name = f"replay-{kind}-{found.period.first}-{found.period.last}"
    content = _csv(found, kind, channel, Workspace.current())
    return StreamingHttpResponse(content, content_type=CSV, headers=attached(name))  # type: ignore[return-value]


def _csv(found: Comparison, kind: str, channel: str, workspace: Workspace) -> Iterator[str]:
    writer = csv.writer(Echo())
    yield BOM + writer.writerow(COLUMNS)
    rows = _rows(found, kind, channel)
    batch: list[Any] = []
    for lead in rows.iterator(chunk_size=CHUNK):
        batch.append(lead)
        if len(batch) == CHUNK:
            yield from _csv_lines(writer, _reasoned(found, kind, batch), workspace)
            batch = []
    yield from _csv_lines(writer, _reasoned(found, kind, batch), workspace)


def _csv_lines(writer: Any, leads: list[Any], workspace: Workspace) -> Iterator[str]:
    for lead in leads:
        person = (lead.key, lead.name, lead.company, lead.channel, lead.owner)
        cells = (*person, lead.created_at, lead.occasion, lead.why, lead.current_stage)
        yield writer.writerow([safe(cell, workspace.zone) for cell in cells])


# What the address asks for


def _days(request: HttpRequest) -> int:
    """Return the window asked for, else the one last looked at."""
    text = request.GET.get("days")
    if text is None:
        kept = request.session.get("replay_days", DEFAULT_DAYS)
        return kept if kept in WINDOWS else DEFAULT_DAYS
    if text not in map(str, WINDOWS):
        raise ValidationError({"days": [f"Use one of {', '.join(map(str, WINDOWS))}."]})
    request.session["replay_days"] = int(text)
    return int(text)


def _kind(request: HttpRequest) -> str:
    kind = request.GET.get("kind", "leaving")
    if kind not in KINDS:
        raise ValidationError({"kind": [f"Use one of {', '.join(KINDS)}."]})
    return kind


def _url(**params: Any) -> str:
    return f"{reverse('kpis:replay')}?{urlencode(params)}"
