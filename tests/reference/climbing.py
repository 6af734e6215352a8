"""Automatic stages: which moves a lead has come to deserve at an instant."""

from datetime import UTC, datetime
from typing import Any

from tests.reference import conditions, ladder
from tests.reference.reading import Bundle, Lead, StageEvent
from tests.reference.times import TICK

DEFINED = ["mql", "sal", "sql"]  # what `stages` may define, lowest first
Move = tuple[str, str]
END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def climb(bundle: Bundle, lead: Lead, at: datetime) -> list[Move]:
    """Give a lead its stages, one above the other; return the moves as (from, to).

    "Automatic stages are evaluated when a lead is created or changes afterwards, never backdated";
    rejected, recycled and disqualified leads and those further up stay where they are.
    """
    specs: dict[str, Any] = bundle.workspace.get("stages") or {}
    moves: list[Move] = []
    if lead.status != "open" or lead.created_at > at:  # rules 2 and 3
        return moves
    for stage in DEFINED:
        here = ladder.current_stage(lead, at)
        below = ["lead", *DEFINED][: 1 + DEFINED.index(stage)]
        spec = specs.get(stage) or {}
        if spec.get("mode") == "automatic" and here in below and holds(bundle, lead, spec.get("when"), at):
            moves.append((here, stage))
            lead.stage_events.append(StageEvent(stage, at))
            at += TICK  # "ties: the furthest" would say the same
    return moves


def holds(bundle: Bundle, lead: Lead, when: Any, at: datetime) -> bool:
    return conditions.holds(when, lead, at, bundle)


def first_mql(bundle: Bundle, lead: Lead, until: datetime) -> datetime | None:
    """Return when the condition for MQL first holds, of the lead's creation and all that happened later."""
    spec = (bundle.workspace.get("stages") or {}).get("mql")
    if spec is None or lead.status != "open":
        return None
    happened = [*(event.at for event in lead.events), *asked_of(bundle, lead, spec)]
    later = sorted(at for at in happened if lead.created_at < at)
    occasions = [at for at in (lead.created_at, *later) if at <= until]
    return next((at for at in occasions if holds(bundle, lead, spec.get("when"), at)), None)


def asked_of(bundle: Bundle, lead: Lead, spec: Any) -> list[Any]:
    """Return the attempts and moves, where how many or which there were decides anything."""
    asked = str(spec) + (str(bundle.scoring) if "'score'" in str(spec) else "")
    attempts = lead.attempts if "'attempts'" in asked else []
    moves = ladder.happenings(lead, END_OF_TIME) if "'stage'" in asked else []
    return [*(attempt.at for attempt in attempts), *(at for at, _ in moves)]
