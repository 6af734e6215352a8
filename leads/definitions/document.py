"""The agreement between marketing and sales, as data: what a version says, in plain language.

A template draws it on the screen, on paper and as a PDF. Nothing in it depends on the day it is read:
only the response times, which belong to no version, and the sign-offs may differ between two readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils import formats

from leads import conditions
from leads.conditions import ConditionError
from leads.conditions.tree import All, AnyOf, Node
from leads.conditions.tree import read as read_condition
from leads.definitions import clock_words, words
from leads.definitions.differences import differences
from leads.models import DefinitionSet, SignOff, SlaPolicy, Stage, Workspace
from leads.scoring.model import DEFAULT_THRESHOLDS

LONG = {"mql": "marketing qualified lead", "sal": "sales accepted lead", "sql": "sales qualified lead"}
UNREADABLE = "This part of the draft is not finished: {}."


@dataclass(frozen=True)
class Text:
    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Heading:
    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Bullets:
    kind: ClassVar[str] = "bullets"
    items: list[str]


@dataclass(frozen=True)
class Table:
    kind: ClassVar[str] = "table"
    caption: str
    head: list[str]
    rows: list[list[str]]
    numbers: frozenset[int] = frozenset()  # columns to align on the right

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Return the heads, each with its class: the first column holds names unless it has no head."""
        styles = ["n" if index in self.numbers else "" for index in range(len(self.head))]
        styles[0] = "name" if self.head[0] else "place"
        return list(zip(self.head, styles, strict=True))

    @property
    def cells(self) -> list[list[tuple[str, bool]]]:
        return [[(cell, index in self.numbers) for index, cell in enumerate(row)] for row in self.rows]


Part = Text | Heading | Bullets | Table


@dataclass(frozen=True)
class Section:
    title: str
    parts: list[Part]


@dataclass(frozen=True)
class Document:
    title: str
    workspace: str
    facts: list[tuple[str, str]]
    sections: list[Section]


def document(definition: DefinitionSet, workspace: Workspace) -> Document:
    """Return what marketing and sales agree on in a version."""
    policies = list(SlaPolicy.objects.filter(active=True).select_related("calendar"))
    sections = [
        Section("The stages of a lead", stages(definition)),
        Section("Ideal customer profile", profile(definition)),
        Section("Scoring", scoring(definition)),
        Section("Key information", key_information(definition)),
        Section("Response times", response_times(policies)),
        Section("Handing over", handing_over(bool(policies))),
        Section("Review", review(definition)),
        Section("Changes", changes(definition)),
    ]
    return Document(
        "Agreement between marketing and sales", workspace.name, facts(definition, workspace), sections
    )


def facts(definition: DefinitionSet, workspace: Workspace) -> list[tuple[str, str]]:
    """Return what stands at the head: which version, and since when it holds."""
    said = [("Company", workspace.name), ("Version", str(definition.number))]
    if definition.is_draft:
        return [*said, ("Status", "Draft: not in force")]
    said.append(("In force from", _day(definition.effective_from, workspace)))
    if definition.superseded_at:
        said.append(("In force until", _day(definition.superseded_at, workspace)))
    if definition.published_by:
        said.append(("Published by", str(definition.published_by)))
    return [*said, ("Reason", definition.reason)] if definition.reason else said


def _day(at: datetime | None, workspace: Workspace) -> str:
    return str(formats.date_format(at.astimezone(workspace.zone), "j F Y")) if at else "a day not recorded"


# What qualified means


def stages(definition: DefinitionSet) -> list[Part]:
    parts: list[Part] = [
        Heading("Lead"),
        Text(
            "A person who left a trace: a form, a call, an import. Leads that are merged into another, spam "
            "or tests count nowhere."
        ),
    ]
    specs = definition.stages if isinstance(definition.stages, dict) else {}
    for stage, long in LONG.items():
        label = Stage(stage).label
        parts += [Heading(f"{label}, {long}"), *_stage(label, specs.get(stage))]
    return [
        *parts,
        Heading("Opportunity"),
        Text("A lead with a deal: a person opens one, or moves the lead there from SQL."),
        Heading("Customer"),
        Text("A lead whose deal is won."),
    ]


def _stage(label: str, spec: Any) -> list[Part]:
    spec = spec if isinstance(spec, dict) else {}
    is_automatic = spec.get("mode") == "automatic"
    if words.is_always(spec.get("when")):
        return [Text(words.stage_sentence(label, spec))]
    opening = (
        f"A lead becomes {label} by itself as soon as"
        if is_automatic
        else f"A person makes a lead {label} once"
    )
    return criteria(spec["when"], opening)


def criteria(condition: Any, opening: str) -> list[Part]:
    """Return a condition as a list one can read: one criterion a line."""
    try:
        node = read_condition(condition)
    except ConditionError as error:
        return [Text(f"{opening} a condition holds."), Text(UNREADABLE.format(error))]
    joint, parts = _lines(node)
    return [Text(f"{opening} {joint}:"), Bullets([_capital(part.words()) for part in parts])]


def _lines(node: Node) -> tuple[str, list[Node]]:
    if isinstance(node, All) and len(node.parts) > 1:
        return "all of this holds", node.parts
    if isinstance(node, AnyOf) and len(node.parts) > 1:
        return "any of this holds", node.parts
    return "this holds", [node]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def profile(definition: DefinitionSet) -> list[Part]:
    if definition.icp is None:
        return [Text("No ideal customer profile is agreed.")]
    if words.is_always(definition.icp):
        return [Text("Every lead fits.")]
    return criteria(definition.icp, "A lead fits the ideal customer profile if")


# Scoring


def scoring(definition: DefinitionSet) -> list[Part]:
    model = definition.scoring
    if not isinstance(model, dict):
        return [Text("Leads are not scored.")]
    intro = Text("Every lead has a score from 0 to 100: the sum of the points below, category by category.")
    tables = [part for category in words.CATEGORIES for part in _category(model, category)]
    return [intro, *tables, *_bands(model)]


def _category(model: dict[str, Any], category: str) -> list[Part]:
    rules = [rule for rule in _rules(model) if rule.get("category") == category]
    if not rules:
        return []
    name, held = words.CATEGORIES[category], words.category_words(model, category)
    head = ["Rule", "For", "Points", "At most", "Fading"]
    rows = [_rule(rule) for rule in rules]
    if not any(rule.get("per_event") for rule in rules):
        head, rows = head[:3], [row[:3] for row in rows]
    table = Table(name, head, rows, frozenset({2}))
    return [Heading(f"{name} ({held})" if held else name), table]


def _rules(model: dict[str, Any]) -> list[dict[str, Any]]:
    rules = model.get("rules")
    return [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []


def _rule(rule: dict[str, Any]) -> list[str]:
    """Return a rule's name, what it is for, its points, and what holds them back."""
    name, points = words.rule_name(rule), words.signed(rule.get("points"))
    if rule.get("per_event") is None:
        is_for = "every lead" if words.is_always(rule.get("when")) else words.condition_words(rule["when"])
        return [name, is_for, points, "", ""]
    most = [
        text.format(words.number(rule[key]))
        for key, text in (("max", "{} points"), ("daily_cap", "{} a day"))
        if rule.get(key) is not None
    ]
    half_life = rule.get("half_life_days")
    fading = "none" if half_life is None else f"halves every {words.number(half_life)} days"
    return [name, f"each {rule['per_event']}", points, ", ".join(most), fading]


def _bands(model: dict[str, Any]) -> list[Part]:
    thresholds = model.get("thresholds")
    if not isinstance(thresholds, dict):
        thresholds = DEFAULT_THRESHOLDS
    rows = [[name, f"from {words.number(thresholds.get(band))}"] for band, name in words.BANDS.items()]
    cold = ["Cold", f"below {words.number(thresholds.get('warm'))}"]
    return [Heading("What a score is called"), Table("Bands", ["Band", "Score"], [cold, *rows])]


def key_information(definition: DefinitionSet) -> list[Part]:
    fields = definition.key_fields if isinstance(definition.key_fields, list) else []
    if not fields:
        return [Text("No information is asked of every lead.")]
    return [
        Text("Marketing brings with each lead, as far as it can be had:"),
        Bullets([_capital(words.field_label(name)) for name in fields]),
    ]


# Working together


def response_times(policies: list[SlaPolicy]) -> list[Part]:
    if not policies:
        return [Text("No response times are agreed.")]
    head = ["", "For", "Answer", "Warning", "Escalation"]
    rows = [
        [
            str(place),
            _scope(policy, is_first=place == 1),
            clock_words.target_words(policy),
            clock_words.warning_words(policy),
            clock_words.escalation_words(policy),
        ]
        for place, policy in enumerate(policies, start=1)
    ]
    opening = (
        "The first line that fits a lead when it comes in holds. It is stored with the lead, and no later "
        "change of the lines touches it. Response times are not part of a version: these are the ones in "
        "use when this page was made."
    )
    return [Text(opening), Table("Response times", head, rows), *_answers(policies), *_calendars(policies)]


def _scope(policy: SlaPolicy, is_first: bool) -> str:
    if words.is_always(policy.when):
        return "Every lead" if is_first else "Every other lead"
    return _capital(conditions.sentence(policy.when))


def _answers(policies: list[SlaPolicy]) -> list[Part]:
    kinds = list(dict.fromkeys(policy.stops_on for policy in policies))
    if len(kinds) == 1:
        return [Text(f"As an answer counts {clock_words.ANSWERS[SlaPolicy.StopsOn(kinds[0])]}.")]
    lines = [
        f"Line {place}: {clock_words.ANSWERS[SlaPolicy.StopsOn(policy.stops_on)]}"
        for place, policy in enumerate(policies, start=1)
    ]
    return [Text("As an answer counts:"), Bullets(lines)]


def _calendars(policies: list[SlaPolicy]) -> list[Part]:
    used = {policy.calendar.slug: policy.calendar for policy in policies if policy.calendar}
    parts: list[Part] = []
    for calendar in used.values():
        parts += [
            Heading(f"Business hours: {calendar}"),
            Bullets(clock_words.hours_words(calendar)),
            Text(f"Local time of {calendar.time_zone}. Closed on {clock_words.holidays_words(calendar)}."),
        ]
    return parts


def handing_over(with_clocks: bool) -> list[Part]:
    """Return what the ladder asks of people: see `leads.stages`."""
    late = "Untreated leads stay in the figures as untreated until somebody tries to reach them."
    if with_clocks:
        late += " One that is not answered in time shows as late to its owner and on the dashboard."
    return [
        Bullets(
            [
                "Marketing hands over MQLs. Sales accepts a lead as SAL, or rejects it. No time of its own "
                "is set for that: response times run from the moment a lead comes in.",
                "Rejecting and disqualifying need a reason.",
                "Recycling needs the day on which the lead comes back; until then no rule promotes it.",
                "A rejected or recycled lead can be made MQL or accepted again by a person.",
                "A disqualified lead stays so until a manager or admin makes it MQL again.",
                "A lead that misses a criterion of a stage moves there only if a manager or admin overrides "
                "it with a reason; which criteria were missing is kept.",
                late,
                "A lead keeps its owner through all of this.",
            ]
        )
    ]


def review(definition: DefinitionSet) -> list[Part]:
    if not definition.review_days:
        return [Text("No review is agreed.")]
    days = f"{words.number(definition.review_days)} day{'' if definition.review_days == 1 else 's'}"
    return [
        Text(
            f"Marketing and sales look at this agreement again {days} after it took effect, and {days} after "
            "each review that keeps it."
        )
    ]


def changes(definition: DefinitionSet) -> list[Part]:
    """Return what is new against the version before."""
    before = previous(definition)
    if before is None:
        return [Text("This is the first version.")]
    found = [f"{each.part}: {each.text}" for each in differences(before, definition)]
    if not found:
        return [Text(f"Nothing differs from version {before.number}.")]
    return [Text(f"Against version {before.number}:"), Bullets(found)]


def previous(definition: DefinitionSet) -> DefinitionSet | None:
    """Return the version that was in force before."""
    earlier = DefinitionSet.objects.exclude(status=DefinitionSet.Status.DRAFT)
    return earlier.filter(number__lt=definition.number).first()


@dataclass(frozen=True)
class Signature:
    """A line to sign, or the signature on it."""

    side: str
    label: str
    sign_off: SignOff | None


def signatures(definition: DefinitionSet) -> list[Signature]:
    """Return who has agreed for each side of the house."""
    signed = {sign_off.side: sign_off for sign_off in definition.sign_offs.select_related("by")}
    return [Signature(side.value, str(side.label), signed.get(side)) for side in SignOff.Side]
