"""What can be done with a lead from where it stands: the card a rep acts on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from leads.forms import MoveForm, default_return
from leads.models import DefinitionSet, Lead, Stage, StageEvent, User
from leads.stages import legal_moves, unmet
from leads.stages.ladder import LEAD

TITLES = {
    LEAD: "Next: is it an MQL?",
    Stage.MQL: "Next: accept or reject",
    Stage.SAL: "Next: qualify",
    Stage.SQL: "Next: open an opportunity",
    Stage.OPPORTUNITY: "Next: win it",
    Stage.CUSTOMER: "A customer: nothing left to decide",
    Stage.REJECTED: "Rejected: bring it back?",
    Stage.RECYCLED: "Recycled: bring it back?",
    Stage.DISQUALIFIED: "Disqualified: bring it back?",
}
BUTTONS = {
    Stage.MQL: ("Make MQL", "check"),
    Stage.SAL: ("Accept (SAL)", "check"),
    Stage.SQL: ("Qualify (SQL)", "check"),
    Stage.OPPORTUNITY: ("Make opportunity", "check"),
    Stage.CUSTOMER: ("Won (customer)", "check"),
    Stage.REJECTED: ("Reject", "x"),
    Stage.RECYCLED: ("Recycle", "calendar-repeat"),
    Stage.DISQUALIFIED: ("Disqualify", "ban"),
}
OUTCOMES = (Stage.REJECTED, Stage.RECYCLED, Stage.DISQUALIFIED)
BAD = (Stage.REJECTED, Stage.DISQUALIFIED)


@dataclass(frozen=True)
class Option:
    """One legal move: its button, and the form behind it."""

    to: Stage
    form: MoveForm
    look: str
    missing: list[str]
    may_override: bool
    is_open: bool

    @property
    def label(self) -> str:
        return BUTTONS[self.to][0]

    @property
    def icon(self) -> str:
        return BUTTONS[self.to][1]

    @property
    def is_direct(self) -> bool:
        """Return whether a click does: nothing is missing and nothing must be typed."""
        return self.to not in OUTCOMES and not self.missing

    @property
    def is_shut(self) -> bool:
        return bool(self.missing) and not self.may_override

    @property
    def needs_reason(self) -> bool:
        return self.to in BAD or bool(self.missing)

    @property
    def needs_day(self) -> bool:
        return self.to == Stage.RECYCLED


@dataclass(frozen=True)
class NextStep:
    title: str
    options: list[Option]
    returns_at: datetime | None = None
    problems: list[str] = field(default_factory=list)


def next_step(lead: Lead, viewer: User, now: datetime, tried: MoveForm | None = None) -> NextStep | None:
    """Return the card for a lead that carries its `current_stage`; None for one that counts nowhere."""
    if lead.status != Lead.Status.OPEN:
        return None
    here: str = lead.current_stage  # type: ignore[attr-defined]
    decision = _Decision(lead, viewer, now, tried, legal_moves(here, viewer))
    problems = [*tried.errors.get("to", []), *tried.non_field_errors()] if tried else []
    return NextStep(TITLES[here], decision.options(), _return(lead, here), problems)


@dataclass(frozen=True)
class _Decision:
    """Where a lead stands, who decides, and what they have just tried."""

    lead: Lead
    viewer: User
    now: datetime
    tried: MoveForm | None
    legal: list[str]

    def options(self) -> list[Option]:
        definition = DefinitionSet.current()
        return [self._option(Stage(to), unmet(self.lead, to, self.now, definition)) for to in self.legal]

    def _option(self, to: Stage, missing: list[str]) -> Option:
        first = to == self.legal[0] and to not in OUTCOMES
        look = "btn-primary" if first else "btn-bad" if to in BAD else ""
        is_tried = self.tried is not None and self.tried.data.get("to") == to
        return Option(to, self._form(to), look, missing, self.viewer.sees_figures, is_tried)

    def _form(self, to: Stage) -> MoveForm:
        """Return what was typed; what was typed for a move that is no longer legal is kept in each form."""
        typed = ""
        if self.tried is not None:
            if self.tried.data.get("to") == to:
                return self.tried
            if self.tried.data.get("to") not in self.legal:
                typed = self.tried.data.get("reason", "")
        initial = {"reason": typed, "returns_on": default_return(self.now)}
        return MoveForm(initial=initial, auto_id=f"{to.value}-%s")


def _return(lead: Lead, here: str) -> datetime | None:
    """Return when a recycled lead comes back."""
    if here != Stage.RECYCLED:
        return None
    recycled = StageEvent.objects.filter(lead=lead, stage=Stage.RECYCLED).order_by("-at", "-pk")
    return recycled.values_list("returns_at", flat=True).first()
