"""Random but valid definitions: settings, ICP, scoring, calendars, response policies."""

import random
from datetime import date
from typing import Any

from tests.reference.conditions_at_random import EVENT_KINDS, random_condition

STAGES = ["mql", "sal", "sql", "opportunity", "customer", "rejected", "recycled", "disqualified"]
MODELS = ["lead_source", "first", "last", "last_non_direct", "linear"]
MODELS += ["u_shaped", "w_shaped", "time_decay", "markov"]
THRESHOLDS = [{"warm": 20, "mql": 50, "sql": 80}, {"warm": 5, "mql": 6, "sql": 99}]
CATEGORIES = ["demographic", "firmographic", "behavioural"]


class Chooser:
    """Choices that all come from one seeded generator."""

    rng: random.Random

    def pick(self, options: list[Any]) -> Any:
        return self.rng.choice(options)

    def maybe(self, chance: float = 0.5) -> bool:
        return self.rng.random() < chance

    def or_blank(self, options: list[str], chance: float = 0.7) -> str:
        return self.pick(options) if self.maybe(chance) else ""

    def few(self, most: int) -> range:
        return range(self.rng.choice([0, 0, 1, 1, 2, most]))

    def number(self, low: float, high: float) -> str:
        return f"{self.rng.uniform(low, high):.{self.pick([0, 1, 2, 2, 6])}f}"


class Definitions(Chooser):
    """`workspace.json`, for ids that conditions may name and days that may be holidays."""

    def __init__(
        self, rng: random.Random, zone_name: str, ids: dict[str, list[str]], days: list[date]
    ) -> None:
        self.rng, self.zone_name, self.ids, self.days = rng, zone_name, ids, days

    def condition(self, *forbidden: str) -> dict[str, Any]:
        return random_condition(self.rng, self.ids, set(forbidden))

    def workspace(self) -> dict[str, Any]:
        parts: dict[str, Any] = {
            "name": 'Société "Test", Ltd',
            "time_zone": self.zone_name,
            "currency": self.pick(["EUR", "EUR", "USD"]),
        }
        if self.maybe(0.8):
            parts["settings"] = self.settings()
        if self.maybe(0.85):
            parts["icp"] = self.condition()
        if self.maybe(0.85):
            parts["scoring"] = self.scoring()
        if self.maybe(0.8):
            parts["stages"] = {stage: self.stage(stage) for stage in STAGES[:3] if self.maybe(0.8)}
        if self.maybe(0.9):
            parts["calendars"] = [self.calendar(slug) for slug in ("office", "night")]
            parts["sla"] = [self.policy(index) for index in range(3)]
        parts["targets"] = [{"kpi": "cost_per_lead", "value": 99.5}, {"kpi": "lead_volume", "value": 10}]
        return parts

    def settings(self) -> dict[str, Any]:
        keys = ["company_size", "industry", "job_title", "email", "phone", "country"]
        options = {
            "qualified_stage": self.pick(STAGES[:5]),
            "conversion_stage": self.pick(STAGES[:5]),
            "key_fields": self.rng.sample(keys, self.rng.randint(1, 3)),
            "gross_margin": self.pick([0.8, 0.333, 1]),
            "lifetime_months": self.pick([36, 12, 1]),
            "attribution_model": self.pick(MODELS),
            "attribution_half_life_days": self.pick([7, 1, 30, 2.5]),
        }
        return {name: value for name, value in options.items() if self.maybe(0.7)}

    def stage(self, stage: str) -> dict[str, Any]:
        """Return a definition that may ask for stages below its own: "a circle" is an error."""
        below = self.pick(["lead", *STAGES[: STAGES.index(stage)]])
        asked = {"field": "stage", "op": self.pick(["eq", "ne"]), "value": below}
        kind = {self.pick(["all", "any"]): [asked, self.condition("stage")]}
        when = self.pick([self.condition("stage"), self.condition("stage"), kind, None])
        return {"when": when, "mode": self.pick(["automatic", "automatic", "automatic", "manual"])}

    def scoring(self) -> dict[str, Any]:
        model: dict[str, Any] = {"rules": [self.rule(index) for index in range(self.rng.randint(1, 7))]}
        if self.maybe():  # so that not every score is clamped to 0
            base = {"slug": "base", "category": "firmographic", "when": {"all": []}, "points": 24.5}
            model["rules"].append(base)
        model["thresholds"] = self.pick(
            [{"warm": 20, "mql": 50, "sql": 80}, {"warm": 5, "mql": 6, "sql": 99}]
        )
        if self.maybe():
            model["weights"] = {c: self.pick([0, 0.5, 1, 1.25, 2]) for c in CATEGORIES if self.maybe()}
        if self.maybe():
            model["caps"] = {c: self.pick([10, 12.5, 40]) for c in CATEGORIES if self.maybe()}
        return model

    def rule(self, index: int) -> dict[str, Any]:
        category = self.pick(CATEGORIES)
        rule: dict[str, Any] = {"slug": f"rule-{index}", "category": category}
        rule["points"] = self.pick([-15, -0.5, 0.5, 2.25, 10, 20, 40])
        if self.maybe(0.55):
            return {**rule, "when": self.condition("score", "stage")}
        rule["per_event"] = self.pick(EVENT_KINDS)
        if self.maybe(0.6):
            # long ones: nothing fades so far that only its last digits would round a half up or down
            rule["half_life_days"] = self.pick([30, 60, 45.3])
        if self.maybe():
            rule["max"] = self.pick([5, 12.5, 30])
        if self.maybe():
            rule["daily_cap"] = self.pick([1, 2])
        return rule

    def calendar(self, slug: str) -> dict[str, Any]:
        days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        spans = [
            [["09:00", "12:30"], ["13:30", "18:00"]],
            [["00:00", "24:00"]],
            [["00:00", "01:30"], ["01:30", "02:30"], ["02:45", "06:00"], ["22:00", "24:00"]],
            [["01:15", "02:15"]],
        ]
        hours = {day: self.pick(spans) for day in days if self.maybe(0.75)} or {"mon": spans[0]}
        zone = self.pick([self.zone_name, "Europe/Paris", "Australia/Lord_Howe"])
        calendar: dict[str, Any] = {"slug": slug, "time_zone": zone, "hours": hours}
        if self.maybe():
            calendar["holidays"] = sorted({self.pick(self.days).isoformat() for _ in range(3)})
        if self.maybe():
            calendar["country"] = self.pick(["FR", "BR", "US", "IN"])
        return calendar

    def policy(self, index: int) -> dict[str, Any]:
        policy: dict[str, Any] = {"slug": f"sla-{index}", "minutes": self.pick([5, 60, 240, 1440, 3000])}
        if index < 2 or self.maybe():
            policy["when"] = self.condition("score")
        if self.maybe(0.7):
            policy |= {"clock": "business_hours", "calendar": self.pick(["office", "night"])}
        if self.maybe(0.6):
            policy["stops_on"] = self.pick(["any", "meaningful"])
        if self.maybe(0.3):
            policy |= {"warn_at": 0.5, "escalate_after_minutes": 600}
        return policy
