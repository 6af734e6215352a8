"""JSON read strictly and written canonically, its numbers exact."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

EXACT_DIGITS = 15  # as many as a float keeps
ORDER = """
    name slug kpi time_zone currency settings qualified_stage conversion_stage key_fields gross_margin
    lifetime_months attribution_model attribution_half_life_days icp scoring weights caps rules thresholds
    demographic firmographic behavioural stages sla calendars targets category all any not field event op
    value within_days per_event when points max half_life_days daily_cap warm mql sal sql mode minutes clock
    calendar stops_on warn_at escalate_after_minutes hours mon tue wed thu fri sat sun holidays country
"""
PLACES = {key: place for place, key in enumerate(ORDER.split())}


def loads(text: str) -> Any:
    """Read JSON with decimals as Decimal and whole numbers as int; refuse what has two meanings."""
    return json.loads(
        text, parse_float=_number, parse_int=_number, parse_constant=_refuse, object_pairs_hook=_object
    )


def _number(text: str) -> Decimal | int:
    number = Decimal(text)
    if number.adjusted() > 30 or number.adjusted() < -30:
        raise ValueError(f"{text[:40]} is out of range")
    return int(number) if number == number.to_integral_value() else number


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    for key, _ in pairs:
        if sum(key == other for other, _ in pairs) > 1:
            raise ValueError(f"the key {key!r} is there twice")
    return found


def floats(value: Any) -> Any:
    """Return the value as the database keeps JSON, where a decimal is a float."""
    match value:
        case dict():
            return {key: floats(item) for key, item in value.items()}
        case list():
            return [floats(item) for item in value]
        case Decimal() if len(value.normalize().as_tuple().digits) > EXACT_DIGITS:
            raise ValueError(f"{value} has more than {EXACT_DIGITS} digits")
        case Decimal():
            return float(value)
        case _:
            return value


def dumps(value: Any, indent: str = "") -> str:
    """Write JSON, two spaces deep, keys in the order of the format, decimals plain."""
    deeper = f"{indent}  "
    match value:
        case dict() if value:
            keys = sorted(value, key=lambda key: (PLACES.get(key, len(PLACES)), key))
            lines = (
                f"{deeper}{json.dumps(key, ensure_ascii=False)}: {dumps(value[key], deeper)}" for key in keys
            )
            return _block("{", lines, f"{indent}}}")
        case list() if value:
            return _block("[", (f"{deeper}{dumps(item, deeper)}" for item in value), f"{indent}]")
        case float() | Decimal():
            return plain(Decimal(repr(value)) if isinstance(value, float) else value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def _block(opening: str, lines: Iterable[str], closing: str) -> str:
    return f"{opening}\n" + ",\n".join(lines) + f"\n{closing}"


def plain(number: Decimal) -> str:
    """Write a number without exponent and without trailing zeros."""
    text = f"{number + 0:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
