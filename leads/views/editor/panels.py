"""What the templates need to draw a part of a definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from leads.backtest import RuleFigures
from leads.definitions import words
from leads.definitions.editing import Action
from leads.definitions.found import Problem
from leads.definitions.key_fields import KEY_FIELD_CHOICES
from leads.views.backtest import Row as Tested
from leads.views.editor import choices, marks, reading, scoring_forms
from leads.views.editor.histogram import TONES
from leads.views.editor.part import Part
from leads.views.editor.parts import CategoryPart, FitPart, RulePart, ThresholdsPart, find
from leads.views.editor.rows import Group, Row, Test, walk
from leads.views.editor.state import Desk

Context = dict[str, Any]

TIMES_POINTS = 0.8  # pixels of the bar for a point, as wide as 50 of them at most


def panel(desk: Desk, part: Part) -> Context:
    """Return what the template of a part draws."""
    value = part.read(desk.shown)
    drawn: Context = {"part": part, "value": value, "sentence": part.say(value), "desk": desk}
    drawn |= {"editable": desk.editable, "errors": _by_input(desk, part)}
    drawn |= _lists(part)
    if isinstance(part, RulePart):
        drawn |= rule(desk, part, value)
    if has_condition(part, value):
        drawn["row"] = root = condition_rows(desk, part)
        drawn["suggestions"] = _suggestions(desk, root)
    return drawn


def _lists(part: Part) -> Context:
    """Return what there is to choose from in a part without a condition."""
    if isinstance(part, FitPart):
        return {"key_field_choices": [(name, choices.name_of(name)) for name in KEY_FIELD_CHOICES]}
    return {"bands": list(words.BANDS.items()), "tones": TONES} if isinstance(part, ThresholdsPart) else {}


def has_condition(part: Part, value: Any) -> bool:
    if isinstance(part, RulePart):
        return isinstance(value, dict) and value.get("per_event") is None
    return part.condition_path != part.path or part.slug == "icp"


def condition_rows(desk: Desk, part: Part) -> Row:
    """Return the rows of a part's condition, marked against the live version."""
    raw = part.condition(part.read(desk.shown))
    root = reading.rows(raw, part.condition_path, desk.problems, part.forbid, desk.lists)
    if desk.is_compared:
        marks.put(root, _live_rows(desk, part))
    return root


def _live_rows(desk: Desk, part: Part) -> Row:
    value = part.read(desk.live)
    if isinstance(part, RulePart):
        value = _same_rule(desk, part.read(desk.shown))
    return reading.rows(part.condition(value or {}), "", [], part.forbid, desk.lists)


def _same_rule(desk: Desk, rule: Any) -> Any:
    """Return the live rule of the same slug."""
    slug = rule.get("slug") if isinstance(rule, dict) else None
    rules = scoring_forms.rules_of(desk.live)
    return next((other for other in rules if isinstance(other, dict) and other.get("slug") == slug), None)


def _suggestions(desk: Desk, root: Row) -> list[tuple[str, list[str]]]:
    """Return the lists of frequent values that the rows point to."""
    used = dict.fromkeys(row.suggested for row in walk(root) if isinstance(row, Test) and row.suggested)
    return [(field.removeprefix("!"), desk.lists.frequent(field)) for field in used]


def _by_input(desk: Desk, part: Part) -> dict[str, str]:
    """Return what is wrong with the inputs of a part outside its condition."""
    paths = [part.path]
    if isinstance(part, CategoryPart):
        paths.append(part.path.replace(".caps.", ".weights."))
    found: dict[str, str] = {}
    for problem in desk.errors:
        for path in paths:
            if problem.path == path or problem.path.startswith((f"{path}.", f"{path}[")):
                name = problem.path.removeprefix(path).lstrip(".").partition(".")[0].partition("[")[0]
                name = name or path.rpartition(".")[0].rpartition(".")[2].rstrip("s")
                found.setdefault(name, _said(problem, part, desk))
    return found


def _said(problem: Problem, part: Part, desk: Desk) -> str:
    value = part.read(desk.shown)
    key = problem.path.rpartition(".")[2]
    if isinstance(value, dict) and isinstance(part, RulePart):
        if key == "points" and value.get("points") is None:
            return "Enter the points"
        if key == "per_event" and not value.get("per_event"):
            return "Choose what they did"
        if key == "slug" and not value.get("slug"):
            return "Give the rule a name"
    if problem.message == "must be a number":
        return "Enter a number"
    return problem.message[:1].upper() + problem.message[1:]


# scoring


def rule(desk: Desk, part: RulePart, value: Any) -> Context:
    """Return what a rule's row shows."""
    readable = value if isinstance(value, dict) else {}
    points = readable.get("points")
    known = points if isinstance(points, int | float) and not isinstance(points, bool) else None
    live = _same_rule(desk, value) if desk.is_compared else value
    broken = any(_is_in(problem, part) for problem in desk.errors)
    return {
        "name": words.rule_name(value),
        "points": points,
        "points_words": "?" if known is None else words.signed(known),
        "is_negative": (known or 0) < 0,
        "bar": f"{min(abs(known or 0), 50) * TIMES_POINTS:.1f}",
        "is_broken": broken,
        "mark": "" if live == value else "Changed" if live else marks.NEW,
        "categories": list(words.CATEGORIES.items()),
        "events": desk.lists.events,
        "counts_events": readable.get("per_event") is not None,
        "is_object": isinstance(value, dict),
        "tested": Tested(readable, _figures(desk, readable.get("slug")), "customer"),
    }


def _figures(desk: Desk, slug: Any) -> RuleFigures | None:
    return desk.tested.get(slug) if isinstance(slug, str) else None


def _is_in(problem: Problem, part: Part) -> bool:
    return problem.path == part.path or problem.path.startswith((f"{part.path}.", f"{part.path}["))


def categories(desk: Desk, opened: int | None) -> list[Context]:
    """Return the rules by category; one whose category is none of them stands with the first."""
    rules = scoring_forms.rules_of(desk.shown)
    placed: dict[str, list[Context]] = {category: [] for category in words.CATEGORIES}
    for index, value in enumerate(rules):
        category = value.get("category") if isinstance(value, dict) else None
        place = category if isinstance(category, str) and category in placed else next(iter(placed))
        placed[place].append(rule_row(desk, RulePart(index), is_open=index == opened))
    return [
        {**panel(desk, CategoryPart(category)), "category": category, "rules": found}
        for category, found in placed.items()
    ]


def rule_row(desk: Desk, part: RulePart, *, is_open: bool) -> Context:
    """Return a rule's row, with its form where it is open."""
    if is_open:
        return {**panel(desk, part), "is_open": True}
    value = part.read(desk.shown)
    shown = {"part": part, "value": value, "desk": desk, "editable": desk.editable, "is_open": False}
    return {**shown, **rule(desk, part, value), "sentence": words.rule_sentence(value)}


# what is wrong, at the head of the page


def problem_links(desk: Desk) -> Iterator[Context]:
    """Yield each problem with the address of the input it is about."""
    for problem in desk.errors:
        part = _part_of(problem)
        if part:
            page, _, _ = part.page.partition("#")
            yield {
                "where": part.title,
                "message": problem.message,
                "url": f"{page}#{_anchor(desk, part, problem)}",
            }
        else:
            yield {"where": problem.path, "message": problem.message, "url": reverse("definitions:scoring")}


def _part_of(problem: Problem) -> Part | None:
    names = problem.path.replace("[", ".").replace("]", "").split(".")
    named = [*names, "", "", ""]
    slugs = {
        "stages": named[1],
        "icp": "icp",
        "key_fields": "key-fields",
        "review_days": "key-fields",
        "scoring": {
            "rules": f"rule-{named[2]}",
            "caps": f"category-{named[2]}",
            "weights": f"category-{named[2]}",
            "thresholds": "thresholds",
        }.get(named[1], ""),
    }
    return find(slugs.get(named[0], ""))


def _anchor(desk: Desk, part: Part, problem: Problem) -> str:
    """Return the id of the input a problem is about, or of the form it is in."""
    if not problem.path.startswith(part.condition_path) or not has_condition(part, part.read(desk.shown)):
        return part.form
    rows = [row for row in walk(condition_rows(desk, part)) if row.path and problem.path.startswith(row.path)]
    closest = max(rows, key=lambda row: len(row.path), default=None)
    return f"{part.form}-{closest.dom}" if closest else part.form


def focus_after(root: Row, action: Action) -> str:
    """Return which input of a condition to go on with after a button's action."""
    by_place = {row.at: row for row in walk(root)}
    if action.verb in ("add", "group"):
        return _last_field(by_place.get(action.at))
    if action.verb == "take":
        return f"{action.at.replace('.', '-')}-new"
    parent, place = action.inside
    group = by_place.get(parent)
    if not isinstance(group, Group) or place is None:
        return ""
    if action.verb == "drop":
        return _first_input(group.rows[min(place, len(group.rows) - 1)]) if group.rows else f"{group.dom}-add"
    to = place + {"up": -1, "down": 1}.get(action.verb, 0)
    return _first_input(group.rows[to]) if 0 <= to < len(group.rows) else ""


def _last_field(group: Row | None) -> str:
    row = group.rows[-1] if isinstance(group, Group) and group.rows else None
    return _last_field(row) if isinstance(row, Group) else _first_input(row) if row else ""


def _first_input(row: Row) -> str:
    if isinstance(row, Group):
        return f"{row.dom}-kind"
    return f"{row.dom}-field" if isinstance(row, Test) else f"{row.dom}-drop"
