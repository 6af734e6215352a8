"""The agreement between marketing and sales, as data: what a version says, in plain language.

A template draws it on the screen, on paper and as a PDF. Nothing in it depends on the day it is read:
only the response times, which belong to no version, and the sign-offs may differ between two readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import formats
from django.utils.text import capfirst

from leads.conditions import ConditionError
from leads.conditions.tree import All, AnyOf, Node
from leads.conditions.tree import read as read_condition
from leads.conditions.values import event_words
from leads.definitions import words
from leads.definitions.differences import differences
from leads.definitions.paper import Bullets, Document, Heading, Part, Section, Table, Text
from leads.definitions.terms import handing_over, response_times
from leads.models import DefinitionSet, SignOff, SlaPolicy, Stage, Workspace
from leads.scoring.model import DEFAULT_THRESHOLDS

LONG = {"mql": "marketing qualified lead", "sal": "sales accepted lead", "sql": "sales qualified lead"}
UNREADABLE = "This part of the draft is not finished: {}."


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
    return [Text(f"{opening} {joint}:"), Bullets([capfirst(part.words()) for part in parts])]


def _lines(node: Node) -> tuple[str, list[Node]]:
    if isinstance(node, All) and len(node.parts) > 1:
        return "all of this holds", node.parts
    if isinstance(node, AnyOf) and len(node.parts) > 1:
        return "any of this holds", node.parts
    return "this holds", [node]


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
    return [name, f"each {event_words(rule['per_event'])}", points, ", ".join(most), fading]


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
        Bullets([capfirst(words.field_label(name)) for name in fields]),
    ]


# Staying together


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
