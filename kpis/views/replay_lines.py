"""The figures of a comparison as the pages write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from kpis.kinds import Number, divide
from kpis.replay import Comparison
from kpis.templatetags.figures import figure, signed
from kpis.views.cards import ENOUGH
from kpis.views.charts import point_label
from leads.templatetags.interface import MINUS, money, rounded

DAYS_A_MONTH = Decimal("365.25") / 12
Totals = dict[str, int]
Result = dict[str, Any]
Value = Callable[[Totals, Result], Number | None]


@dataclass(frozen=True)
class Row:
    """A figure of a side: how it is reckoned, in which unit, and whether more of it is better."""

    label: str
    formula: str
    unit: str
    good: str  # up, down, or neither
    value: Value
    n: Callable[[Totals, Result], int]  # the records it rests on


@dataclass(frozen=True)
class Line:
    """A row of the table, written."""

    label: str
    formula: str
    live: str
    draft: str
    recorded: str
    change: str
    tone: str
    few: bool


def _share(above: str, below: str) -> Value:
    return lambda side, result: divide(side[above], side[below], 100)


def _budget(result: Result) -> Decimal | None:
    return None if result["budget"] is None else Decimal(result["budget"])


def _among(name: str) -> Callable[[Totals, Result], int]:
    return lambda side, result: side[name]


def _of_all(name: str) -> Callable[[Totals, Result], int]:
    return lambda side, result: int(result[name])


def _always(side: Totals, result: Result) -> int:
    return ENOUGH


ROWS = (
    Row("MQLs", "leads that become MQL", "count", "", lambda side, _: side["mqls"], _always),
    Row(
        "Lead → MQL",
        "MQLs ÷ leads created",
        "percent",
        "",
        lambda side, result: divide(side["mqls"], result["leads"], 100),
        _of_all("leads"),
    ),
    Row(
        "SQLs among them",
        "MQLs that in fact reached SQL by now",
        "count",
        "up",
        lambda side, _: side["sqls"],
        _always,
    ),
    Row("MQL → SQL", "SQLs among them ÷ MQLs", "percent", "up", _share("sqls", "mqls"), _among("mqls")),
    Row(
        "Customers among them",
        "MQLs that in fact became customers by now",
        "count",
        "up",
        lambda side, _: side["customers"],
        _always,
    ),
    Row(
        "Recall",
        "customers among the MQLs ÷ all customers of these leads",
        "percent",
        "up",
        lambda side, result: divide(side["customers"], result["customers"], 100),
        _of_all("customers"),
    ),
    Row(
        "Precision",
        "customers among the MQLs ÷ MQLs that were won, lost, rejected or disqualified",
        "percent",
        "up",
        _share("customers", "decided"),
        _among("decided"),
    ),
    Row(
        "MQLs a month",
        "MQLs ÷ days × 30.4",
        "count",
        "",
        lambda side, result: side["mqls"] * DAYS_A_MONTH / result["days"],
        _always,
    ),
    Row(
        "MQLs per rep and day",
        "MQLs ÷ active sales reps ÷ Mondays to Fridays",
        "rate",
        "",
        lambda side, result: divide(side["mqls"], result["reps"] * result["workdays"]),
        _always,
    ),
    Row(
        "Cost per MQL",
        "marketing budget of these days ÷ MQLs",
        "money",
        "down",
        lambda side, result: divide(_budget(result), side["mqls"]),
        _among("mqls"),
    ),
)


def lines(result: Result, currency: str) -> list[Line]:
    """Return the rows of the table: under the version in force, under the draft, and as recorded."""
    return [_line(row, result, currency) for row in ROWS]


def _line(row: Row, result: Result, currency: str) -> Line:
    sides = result["sides"]
    values = {name: row.value(side, result) for name, side in sides.items()}
    few = any(row.n(sides[name], result) < ENOUGH for name in ("live", "draft") if name in sides)
    before, after = values.get("live"), values["draft"]
    change = None if few or before is None or after is None else Decimal(after) - Decimal(before)
    return Line(
        label=row.label,
        formula=row.formula,
        live=_written(before, row.unit, currency),
        draft=_written(after, row.unit, currency),
        recorded=_written(values["recorded"], row.unit, currency),
        change=_changed(change, row.unit, currency),
        tone=_tone(row, change),
        few=few,
    )


def _written(value: Number | None, unit: str, currency: str) -> str:
    places = 1 if unit in ("percent", "rate") else None
    return str(figure(value, unit, currency, places)) if unit != "rate" else _rate(value)


def _rate(value: Number | None) -> str:
    return str(figure(value, "score", ""))


def _changed(change: Decimal | None, unit: str, currency: str) -> str:
    if change is None:
        return "—"
    if unit == "money":
        text = money(abs(change), currency)
        return text if not rounded(change, 2) else f"{MINUS if change < 0 else '+'}{text}"
    text = signed(change, 1 if unit in ("percent", "rate") else 0)
    return f"{text} pp" if unit == "percent" else text


def _tone(row: Row, change: Decimal | None) -> str:
    """Return whether a change is good news: volumes are neither, nor what rounds to nothing."""
    if not row.good or change is None or not rounded(change, 1):
        return "flat"
    return "good" if (change > 0) == (row.good == "up") else "bad"


def warning(result: Result, leaving: int) -> str:
    """Return what of the leads that would drop out should make one think; empty if nothing."""
    live, both = result["sides"].get("live"), result["unchanged"]
    if not live or not leaving:
        return ""
    sqls, customers = live["sqls"] - both["sqls"], live["customers"] - both["customers"]
    parts = [f"{sqls:,} became SQL"] if sqls else []
    parts += [f"{customers:,} became {'customers' if customers > 1 else 'a customer'}"] if customers else []
    if not parts:
        return ""
    leads = "lead" if leaving == 1 else "leads"
    return f"Of the {leaving:,} {leads} that would drop out, {' and '.join(parts)}. Look before you publish."


# By week


def weeks(result: Result) -> list[dict[str, Any]]:
    return [{"live": None, **week, "label": point_label(week["start"], "week")} for week in result["weeks"]]


def chart(result: Result, found: Comparison) -> dict[str, Any]:
    """Return the lines of the weekly chart; the first week may be part of one, the last is running."""
    names = {"draft": f"v{found.draft.definition.number} draft", "recorded": "Recorded"}
    if found.live:
        names["live"] = f"v{found.live.definition.number} live"
    looks = {"draft": ("c1", []), "live": ("c0", [4, 3]), "recorded": ("c2", [1, 3])}
    return {
        "labels": [f"W{date.fromisoformat(week['start']).isocalendar().week}" for week in result["weeks"]],
        "sets": [
            {
                "name": names[name],
                "data": [week[name] for week in result["weeks"]],
                "color": looks[name][0],
                "dash": looks[name][1],
            }
            for name in ("draft", "live", "recorded")
            if name in names
        ],
    }
