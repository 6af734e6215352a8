"""The KPI engine against the naive second reading, over random bundles made to break either.

`DIFFERENTIAL_SEEDS=200` or `DIFFERENTIAL_SEEDS=57-58` asks for more, or for one again;
`DIFFERENTIAL_QUESTIONS` says how many reports to ask of each bundle.
"""

import json
import math
import os
import random
from datetime import datetime, timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core.management import call_command

from kpis.query import parse
from kpis.report import build
from leads.exchange.bundle import import_bundle
from tests import reference
from tests.reference.answers import opened
from tests.reference.attribution import MODELS
from tests.reference.bundles import write_random_bundle
from tests.reference.question import DIMENSIONS, all_keys
from tests.reference.reading import NONE
from tests.reference.times import TICK, add_months, month_start

QUESTIONS = int(os.environ.get("DIFFERENTIAL_QUESTIONS", "4"))
GRAINS = ["day", "week", "month", "quarter"]
FIGURE = ("value", "numerator", "denominator")


def seeds():
    first, _, end = os.environ.get("DIFFERENTIAL_SEEDS", "12").rpartition("-")
    return range(int(first or 0), int(end))


class Asker:
    """Questions worth asking of one bundle."""

    def __init__(self, folder, setting, seed):
        self.bundle, self.setting = opened(folder), setting
        self.rng = random.Random(f"questions {seed}")

    def ask(self):
        from_, to = self.period()
        asked = {"from_": from_, "to": to, "as_of": self.as_of(from_, to)}
        asked["basis"] = self.rng.choice(["period", "cohort"])
        asked["by"] = self.rng.choice([None, "channel", "channel", *DIMENSIONS])
        asked["grain"] = self.grain(from_, to)
        asked["filters"] = self.filters()
        asked["attribution"] = self.rng.choice([None, *MODELS])
        asked["cost"] = self.rng.choice(["shared", "shared", "loaded", "direct"])
        return asked

    def period(self):
        """Return whole months as often as odd ranges, and now and then a single day."""
        days = self.setting.days
        if self.rng.random() < 0.5:
            first = add_months(month_start(self.rng.choice(days)), self.rng.choice([-1, 0, 0]))
            return first, add_months(first, self.rng.choice([1, 1, 2, 3])) - timedelta(days=1)
        from_ = self.rng.choice(days)
        return from_, max(from_, self.rng.choice(days))

    def as_of(self, from_, to):
        """Return an instant after, inside or before the period, often on an edge."""
        late = self.setting.instants[-1] + timedelta(days=self.rng.choice([30, 400]))
        edge = self.rng.choice(self.setting.instants) + TICK * self.rng.choice([-1, 0, 0, 1])
        return self.rng.choice([late, edge, edge])

    def grain(self, from_, to):
        return self.rng.choice([None, *(GRAINS if (to - from_).days < 50 else GRAINS[1:])])

    def filters(self):
        names = self.rng.sample(DIMENSIONS, self.rng.choice([0, 0, 0, 1, 1, 2]))
        if names and self.rng.random() < 0.5:
            names = [self.rng.choice(["channel", "campaign"])]
        return {name: self.values(name) for name in sorted(names)}

    def values(self, name):
        keys = all_keys(self.bundle, name)
        return sorted(self.rng.sample(keys, min(len(keys), self.rng.choice([1, 1, 2]))))


def parameters(asked):
    """Spell the question as the report's parameters."""
    words = {"from": asked["from_"], "to": asked["to"], "as_of": asked["as_of"]}
    words = {name: at.isoformat() for name, at in words.items()}
    for name in ("basis", "by", "grain", "attribution", "cost"):
        if asked[name]:
            words[name] = asked[name]
    filters = [f"{name}={value}" for name, values in asked["filters"].items() for value in values]
    return words | ({"filter": filters} if filters else {})


def differences(found, expected, where=""):
    """Yield each place where the two disagree."""
    if isinstance(expected, dict):
        for name in sorted(set(found) | set(expected)) if isinstance(found, dict) else [None]:
            if name is None or name not in found or name not in expected:
                yield f"{where}: {found} is not {expected}"
                return
            yield from differences(found[name], expected[name], f"{where}.{name}")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            yield f"{where}: {found} is not {expected}"
            return
        for index, pair in enumerate(zip(found, expected, strict=True)):
            yield from differences(*pair, f"{where}[{index}]")
    elif not same(found, expected):
        yield f"{where}: {found!r} is not {shown(expected)}"


def same(found, expected):
    if isinstance(expected, (str, bool)) or expected is None or found is None or isinstance(found, str):
        return found == expected
    return math.isclose(float(found), float(expected), rel_tol=1e-9, abs_tol=1e-7)


def shown(value):
    return repr(value) if value is None or isinstance(value, (str, bool, int)) else float(value)


def kpi_differences(found, expected):
    slug = expected["slug"]
    for name in (*FIGURE, "n", "unit", "previous", "change_percent", "target"):
        yield from differences(found[name], expected[name], f"{slug}.{name}")
    details = {name: found["details"].get(name) for name in expected["details"]}  # more may be shown
    yield from differences(details, expected["details"], f"{slug}.details")
    yield from breakdown_differences(found, expected)
    trend = [{name: row[name] for name in ("start", *FIGURE)} for row in found.get("series", [])]
    yield from differences(trend, expected.get("series", []), f"{slug}.series")


def breakdown_differences(found, expected):
    """Compare rows by key; among equal numerators the order is free."""
    where = f"{expected['slug']}.breakdown"
    rows, wanted = telling(found), telling(expected)
    by_key = {row["key"]: row for row in rows}
    yield from differences(by_key, {row["key"]: row for row in wanted}, where)
    ranked = [row["numerator"] for row in rows if row["key"] != NONE and row["numerator"] is not None]
    if any(later - earlier > 1e-7 for earlier, later in pairwise(ranked)):
        yield f"{where} is not sorted: {ranked}"
    if NONE in by_key and rows[-1]["key"] != NONE:
        yield f"{where}: {NONE} is not last"


def telling(kpi):
    """Return the rows with a number in them: one of nothing but blanks and zeros may be left out."""
    rows = [{name: row[name] for name in ("key", *FIGURE)} for row in kpi.get("breakdown", [])]
    return [row for row in rows if row["numerator"] or row["denominator"]]


def built(words):
    return build(parse(words))


def printed(words):
    options = {f"--{name.replace('_', '-')}": value for name, value in words.items()}
    filters = [word for value in options.pop("--filter", []) for word in ("--filter", value)]
    return command(*[word for pair in options.items() for word in pair], *filters)


def command(*words):
    out = StringIO()
    call_command("kpis", *words, "--format", "json", stdout=out)
    return json.loads(out.getvalue())


def report_differences(folder, asked, answer=built):
    expected = reference.report(folder, **asked)
    found = answer(parameters(asked))
    for ours, theirs in zip(found["kpis"], expected["kpis"], strict=True):
        yield from kpi_differences(ours, theirs)


@pytest.fixture(params=seeds())
def imported(request, tmp_path, db):
    folder = tmp_path / "bundle"
    setting = write_random_bundle(folder, request.param)
    import_bundle(folder)
    return folder, setting, request.param


def test_every_kpi_agrees_with_the_second_reading(imported, manager_client):
    folder, setting, seed = imported
    asker = Asker(folder, setting, seed)

    def served(words):
        return manager_client.get("/api/v1/kpis/", words).json()

    disagreements = []
    for answer in [printed, served, *[built] * QUESTIONS][:QUESTIONS]:
        asked = asker.ask()
        found = list(report_differences(folder, asked, answer))
        disagreements += [f"{parameters(asked)}", *found] if found else []
    assert not disagreements, "\n".join(disagreements)


def instants(setting, seed):
    rng = random.Random(f"instants {seed}")
    return [*rng.sample(setting.instants, 2), setting.instants[-1] + timedelta(days=400)]


def test_every_score_agrees_with_the_second_reading(imported):
    folder, setting, seed = imported
    for at in instants(setting, seed):
        expected = scores_by_lead(reference.scores(folder, at))
        found = scores_by_lead(command("--scores", "--as-of", at.isoformat()))
        assert not list(differences(found, expected, f"{at}"))


def scores_by_lead(answer):
    """Return score, band and points per rule; a rule without points may be listed or not."""
    return {
        row["lead"]: {
            "score": row["score"],
            "band": row["band"],
            "points": {p["rule"]: p["points"] for p in row["breakdown"] if abs(p["points"]) > 1e-7},
        }
        for row in answer["leads"]
        if row["score"] is not None
    }


def test_every_response_clock_agrees_with_the_second_reading(imported):
    folder, setting, seed = imported
    for at in instants(setting, seed):
        expected = clocks_by_lead(reference.sla(folder, at))
        found = clocks_by_lead(command("--sla", "--as-of", at.isoformat()))
        assert not list(differences(found, expected, f"{at}"))


def clocks_by_lead(answer):
    return {
        row["lead"]: [row["policy"], instant(row["due_at"]), instant(row["answered_at"]), row["in_time"]]
        for row in answer["leads"]
        if row["policy"]
    }


def instant(value):
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at and at.timestamp()


def test_every_credit_agrees_with_the_second_reading(imported):
    folder, setting, seed = imported
    for at in instants(setting, seed):
        from_, to = setting.days[0], setting.days[-1]
        expected = reference.credits(folder, from_, to, at)
        words = ["--from", f"{from_}", "--to", f"{to}", "--as-of", at.isoformat()]
        found = command("--credits", *words)
        assert not list(differences(credited(found), credited(expected), f"{at}"))


def credited(answer):
    models = answer["models"].items()
    amounts = {model: {channel: sum_ for channel, sum_ in rows.items() if sum_} for model, rows in models}
    return {"total": answer["total"], "models": amounts}
