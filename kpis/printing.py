"""The report on paper: JSON, CSV and a table for the terminal."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TextIO

COLUMNS = ("slug", "name", "group", "unit", "value", "numerator", "denominator", "n")
COMPARED = ("previous", "change_percent", "target", "note")
RISKY = ("=", "+", "-", "@", "\t", "\r")


def plain(value: Any) -> Any:
    """Return the value as JSON knows it: a Decimal becomes a number of full float precision."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def write_json(data: Mapping[str, Any], out: TextIO) -> None:
    json.dump(plain(data), out, indent=2, ensure_ascii=False)
    out.write("\n")


def write_csv(report: Mapping[str, Any], out: TextIO) -> None:
    """Write a line per KPI, then per breakdown row, then per bucket; `slice` tells which.

    Restated figures carry the number of the version in a further column.
    """
    writer = csv.writer(out)
    restated = [report["restated"]] if "restated" in report else []
    writer.writerow([*COLUMNS, *COMPARED, "slice", "key", "label", *("restated" for _ in restated)])
    for entry in report["kpis"]:
        writer.writerow(
            map(
                _cell,
                [
                    *_common(entry, entry),
                    *(entry[name] for name in COMPARED),
                    *("total", "", ""),
                    *restated,
                ],
            )
        )
        for kind, key, label, row in slices(entry):
            blank = ["" for _ in COMPARED]
            writer.writerow(map(_cell, [*_common(entry, row), *blank, kind, key, label, *restated]))


def slices(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    """Yield the parts of a KPI: breakdown rows, then buckets."""
    for row in entry.get("breakdown", ()):
        yield "breakdown", row["key"], row["label"], row
    for row in entry.get("series", ()):
        yield "series", row["start"], row["start"], row


def write_table(report: Mapping[str, Any], out: TextIO) -> None:
    """Write aligned columns for reading."""
    period = report["period"]
    out.write(f"{period['from']} to {period['to']} ({period['time_zone']}), as of {report['as_of']}, ")
    restated = f", MQL restated under version {report['restated']}" if "restated" in report else ""
    out.write(f"{report['basis']} basis, {report['currency']}{restated}\n\n")
    lines: list[tuple[str, ...]] = [
        ("KPI", "Value", "Numerator", "Denominator", "n", "Previous", "Change", "Note")
    ]
    for entry in report["kpis"]:
        change = entry["change_percent"]
        lines.append(
            (
                entry["name"],
                *(_shown(entry[name]) for name in ("value", "numerator", "denominator", "n", "previous")),
                "–" if change is None else f"{change:+.1f} %",
                entry["note"],
            )
        )
        for _, _, label, row in slices(entry):
            figures = (_shown(row[name]) for name in ("value", "numerator", "denominator"))
            lines.append((f"  {label}", *figures, "", "", "", ""))
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    for line in lines:
        first, *numbers, note = line
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:-1], strict=True)]
        out.write("  ".join([first.ljust(widths[0]), *cells, note]).rstrip() + "\n")


def _common(entry: Mapping[str, Any], row: Mapping[str, Any]) -> list[Any]:
    heads = (entry["slug"], entry["name"], entry["group"], entry["unit"])
    return [*heads, row["value"], row["numerator"], row["denominator"], row.get("n", "")]


def _cell(value: Any) -> Any:
    """Return the value safe for spreadsheets: a text can't start a formula."""
    if isinstance(value, Decimal):
        return float(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{float(value):,.2f}"
