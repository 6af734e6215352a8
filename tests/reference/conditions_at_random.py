"""Random valid conditions, over texts chosen to break careless comparisons."""

import random
from typing import Any

DIFFICULT_TEXTS = [
    "Étudiant",
    "ÉTUDIANT",
    "étudiant en droit",
    "CEO",
    "ceo",
    "Straße",
    "STRASSE",
    'Head of "Ops", EMEA',
    "two\nlines",
    "100% sure",
    "a_b",
    "aXb",
    "back\\slash",
    "O'Neil",
    "ΣΊΣΥΦΟΣ",
    "σίσυφος",
]
EVENT_KINDS = ["pricing_view", "download", "email_open"]
TAGS = ["vip", "VIP2", "Été", "été 2", "a%b"]
TEXT_FIELDS = ["job_title", "company", "first_name", "last_name", "job_function"]
PLAIN = {
    "country": ["fr", "DE", "CÔTE D'IVOIRE", "xx"],
    "industry": ["SAAS", "énergie", 'retail "big"'],
    "seniority": ["C_Level"],
    "utm_source": ["google", "bing"],
    "website": ["HTTPS://x.example/?q=1&b=2"],
    "phone": ["+33 1"],
    "region": ["ÎLE-de-france"],
    "email_domain": ["gmail.com", "ACME.example", "école.example"],
    "stage": ["lead", "mql", "sal", "sql", "opportunity", "customer", "rejected", "recycled"],
}
NUMBERS = {"company_size": [0, 10, 11, 200, 1000], "age_days": [0, 1, 7, 30], "attempts": [0, 1, 2]}
NUMBERS["score"] = [0, 10, 50]
PIECES = ["étu", "ÉTU", "ss", "ẞ", "%", "_", "\\", "E", "σ", '"', "\n", "100%", "o'n"]
Condition = dict[str, Any]


def random_condition(
    rng: random.Random, columns: dict[str, list[str]], forbidden: set[str], depth: int = 2
) -> Condition:
    if depth and rng.random() < 0.6:
        kind = rng.choice(["all", "any", "not"])
        parts = [
            random_condition(rng, columns, forbidden, depth - 1) for _ in range(rng.choice([0, 1, 2, 3]))
        ]
        if kind != "not":
            return {kind: parts}
        return {"not": random_condition(rng, columns, forbidden, depth - 1)}
    if rng.random() < 0.2:
        return event_condition(rng)
    return field_condition(rng, columns, forbidden)


def event_condition(rng: random.Random) -> Condition:
    condition: Condition = {"event": rng.choice(EVENT_KINDS), "op": rng.choice(["count_gte", "count_lt"])}
    condition["value"] = rng.choice([0, 1, 2])
    if rng.random() < 0.6:
        condition["within_days"] = rng.choice([1, 7, 14, 30])
    return condition


def field_condition(rng: random.Random, columns: dict[str, list[str]], forbidden: set[str]) -> Condition:
    texts = dict.fromkeys(TEXT_FIELDS, DIFFICULT_TEXTS) | PLAIN | columns
    name = rng.choice([f for f in [*texts, *NUMBERS, "tags", "free_email"] if f not in forbidden])
    if rng.random() < 0.12:
        return {"field": name, "op": rng.choice(["is_set", "is_blank"])}
    if name == "free_email":
        return {"field": name, "op": rng.choice(["eq", "ne"]), "value": rng.random() < 0.5}
    if name in NUMBERS:
        return {"field": name, **number_test(rng, NUMBERS[name])}
    if name == "tags":
        return {"field": name, **tag_test(rng)}
    return {"field": name, **text_test(rng, texts[name], pieces=name in TEXT_FIELDS)}


def number_test(rng: random.Random, values: list[int]) -> Condition:
    op = rng.choice(["eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte", "between"])
    if op in ("in", "not_in"):
        return {"op": op, "value": rng.sample(values, 2)}
    if op == "between":
        return {"op": op, "value": sorted(rng.sample(values, 2))}
    return {"op": op, "value": rng.choice(values)}


def tag_test(rng: random.Random) -> Condition:
    op = rng.choice(["eq", "contains", "ne", "not_in", "in"])
    tags = [rng.choice([tag, tag.upper(), tag.lower()]) for tag in TAGS]
    return {"op": op, "value": rng.sample(tags, 2) if op in ("in", "not_in") else rng.choice(tags)}


def text_test(rng: random.Random, values: list[str], *, pieces: bool) -> Condition:
    if pieces and rng.random() < 0.4:
        return {"op": rng.choice(["contains", "starts_with", "ends_with"]), "value": rng.choice(PIECES)}
    op = rng.choice(["eq", "ne", "in", "not_in"])
    if op in ("eq", "ne"):
        return {"op": op, "value": rng.choice(values)}
    return {"op": op, "value": rng.sample(values, min(len(values), 2))}
