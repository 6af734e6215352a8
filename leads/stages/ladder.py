"""The rules of the ladder: from where a person may move a lead to where."""

from __future__ import annotations

from leads.models import Stage, User

LEAD = "lead"  # before any event
RUNGS = [LEAD, *(stage for stage, _ in Stage.rungs())]  # lowest first

MOVES: dict[str, tuple[Stage, ...]] = {
    LEAD: (Stage.MQL, Stage.RECYCLED, Stage.DISQUALIFIED),
    Stage.MQL: (Stage.SAL, Stage.REJECTED, Stage.RECYCLED, Stage.DISQUALIFIED),
    Stage.SAL: (Stage.SQL, Stage.REJECTED, Stage.RECYCLED, Stage.DISQUALIFIED),
    Stage.SQL: (Stage.OPPORTUNITY, Stage.REJECTED, Stage.RECYCLED, Stage.DISQUALIFIED),
    Stage.OPPORTUNITY: (Stage.CUSTOMER, Stage.REJECTED, Stage.RECYCLED, Stage.DISQUALIFIED),
    Stage.CUSTOMER: (),
    Stage.REJECTED: (Stage.MQL, Stage.SAL, Stage.RECYCLED, Stage.DISQUALIFIED),
    Stage.RECYCLED: (Stage.MQL, Stage.SAL, Stage.DISQUALIFIED),
    Stage.DISQUALIFIED: (Stage.MQL,),  # by a manager or admin
}

DONE = {
    Stage.MQL: "made MQL",
    Stage.SAL: "accepted (SAL)",
    Stage.SQL: "qualified (SQL)",
    Stage.OPPORTUNITY: "made an opportunity",
    Stage.CUSTOMER: "won (customer)",
    Stage.REJECTED: "rejected",
    Stage.RECYCLED: "recycled",
    Stage.DISQUALIFIED: "disqualified",
}

WHO = {
    LEAD: "A lead",
    Stage.MQL: "An MQL lead",
    Stage.SAL: "A SAL lead",
    Stage.SQL: "An SQL lead",
    Stage.OPPORTUNITY: "An opportunity",
    Stage.REJECTED: "A rejected lead",
    Stage.RECYCLED: "A recycled lead",
}


def legal_moves(stage: str, by: User | None = None) -> list[str]:
    """Return the stages a lead may be moved to from here; with `by`, those this person may move it to."""
    if stage == Stage.DISQUALIFIED and by is not None and not by.sees_figures:
        return []
    return [to.value for to in MOVES[stage]]


def what_is_legal(stage: str) -> str:
    """Return the legal moves in a sentence."""
    if stage == Stage.CUSTOMER:
        return "A customer stays one: there is no move from here."
    if stage == Stage.DISQUALIFIED:
        return "Only a manager or admin can bring a disqualified lead back, as MQL."
    *most, last = [DONE[to] for to in MOVES[stage]]
    return f"{WHO[stage]} can be {', '.join(most)} or {last}."


def label(stage: str) -> str:
    """Return the name of a stage, `lead` included."""
    return "Lead" if stage == LEAD else str(Stage(stage).label)


def below(stage: str) -> list[str]:
    """Return the rungs below one."""
    return RUNGS[: RUNGS.index(stage)]
