"""Short ways to write conditions in tests."""


def ask(field, op, value=None):
    """Return a condition on a field."""
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


def viewed(op, number, days=None):
    """Return a condition on how often the pricing page was viewed."""
    span = {} if days is None else {"within_days": days}
    return {"event": "pricing_view", "op": op, "value": number, **span}


def alternating(levels, innermost):
    """Return a condition that goes so many levels deep."""
    condition = innermost
    for level in range(levels - 1):
        condition = {("all", "any")[level % 2]: [ask("country", "ne", "x"), condition]}
    return condition
