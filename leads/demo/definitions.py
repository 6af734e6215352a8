"""What Fjordwell calls its ideal customer, a score, a stage and a fast answer: `workspace.json`."""

from typing import Any

CORE_COUNTRIES = [
    "Germany", "United Kingdom", "Netherlands", "Sweden", "Denmark", "Norway", "Austria", "Switzerland",
    "Belgium", "Finland", "Ireland",
]  # fmt: skip
CORE_INDUSTRIES = [
    "Food production", "Cold storage & logistics", "Hotels", "Care homes", "Breweries", "Dairies",
    "Greenhouses", "Commercial laundry", "Swimming pools & spas", "Schools & universities",
    "Housing companies", "Manufacturing",
]  # fmt: skip
NOT_SERVED = ["Retail", "Software", "Consulting", "Healthcare", "Construction"]
COMPETITORS = ["arctura-heat.example", "boreal-pumps.example", "kelvinor.example"]
BUYER_FUNCTIONS = ["Facilities", "Energy", "Operations", "Engineering"]
WARM, MQL, SQL = 25, 50, 80

# Behaviour: points an event, at most, half-life in days.
BEHAVIOUR = {
    "quote_request": (25, 25, 180),
    "demo_request": (25, 25, 180),
    "pricing_view": (7, 14, 60),
    "partner_intro": (14, 14, 180),
    "contact_request": (12, 12, 180),
    "fair_visit": (12, 12, 120),
    "calculator": (7, 7, 120),
    "download": (6, 12, 120),
    "webinar": (8, 16, 120),
    "case_study_view": (4, 8, 60),
    "email_click": (4, 8, 60),
    "email_open": (1.5, 6, 30),
}
FIT = {
    "demographic": {
        "director-or-owner": 10,
        "manager": 6,
        "facilities-or-energy-role": 12,
        "purchasing-role": 4,
        "free-mail": -12,
        "student-or-job-seeker": -30,
    },
    "firmographic": {
        "11-to-50-employees": 5,
        "51-to-250-employees": 12,
        "251-to-1000-employees": 17,
        "over-1000-employees": 10,
        "core-industry": 8,
        "core-country": 3,
        "outside-service-area": -15,
        "competitor": -60,
    },
}
CAPS = {"demographic": 30, "firmographic": 40, "behavioural": 50}


def workspace() -> dict[str, Any]:
    return {
        "name": "Fjordwell",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "settings": {
            "qualified_stage": "mql",
            "conversion_stage": "customer",
            "key_fields": ["company_size", "industry", "job_title"],
            "gross_margin": 0.7,
            "lifetime_months": 48,
            "attribution_model": "lead_source",
            "attribution_half_life_days": 7,
        },
        "icp": _icp(),
        "scoring": {
            "weights": {"demographic": 1, "firmographic": 1, "behavioural": 1},
            "caps": CAPS,
            "rules": [*_fit_rules(), *_behaviour_rules()],
            "thresholds": {"warm": WARM, "mql": MQL, "sql": SQL},
        },
        "stages": _stages(),
        "sla": _policies(),
        "calendars": [_calendar()],
        "targets": [{"kpi": kpi, "value": value} for kpi, value in TARGETS.items()],
    }


TARGETS = {
    "visitor_conversion_rate": 3.5,
    "landing_page_conversion_rate": 6,
    "cost_per_lead": 50,
    "cost_per_qualified_lead": 120,
    "key_information_completion_rate": 70,
    "outside_icp_rate": 30,
    "mql_to_lead_ratio": 40,
    "mql_to_sql_ratio": 40,
    "lead_conversion_rate": 3,
    "lead_quality_score": 40,
    "first_contact_time": 1800,
    "lead_response_time": 3600,
    "untreated_lead_rate": 10,
    "no_show_rate": 15,
    "sla_compliance_rate": 70,
    "cost_per_opportunity": 500,
    "customer_acquisition_cost": 2000,
    "ltv_cac_ratio": 3,
    "lead_source_roi": 200,
    "lead_velocity_rate": 4,
}


def _is(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


def _icp() -> dict[str, Any]:
    """Say who fits. An unknown size or industry is not held against a lead."""
    return {
        "all": [
            _is("country", "in", CORE_COUNTRIES),
            {"not": _is("company_size", "lt", 20)},
            {"not": _is("industry", "in", NOT_SERVED)},
            {"not": _is("email_domain", "in", COMPETITORS)},
        ]
    }


def _fit_rules() -> list[dict[str, Any]]:
    conditions = {
        "director-or-owner": _is("seniority", "in", ["Owner", "Director"]),
        "manager": _is("seniority", "eq", "Manager"),
        "facilities-or-energy-role": _is("job_function", "in", BUYER_FUNCTIONS),
        "purchasing-role": _is("job_function", "eq", "Purchasing"),
        "free-mail": _is("free_email", "eq", True),
        "student-or-job-seeker": _student(),
        "11-to-50-employees": _is("company_size", "between", [11, 50]),
        "51-to-250-employees": _is("company_size", "between", [51, 250]),
        "251-to-1000-employees": _is("company_size", "between", [251, 1000]),
        "over-1000-employees": _is("company_size", "gt", 1000),
        "core-industry": _is("industry", "in", CORE_INDUSTRIES),
        "core-country": _is("country", "in", CORE_COUNTRIES),
        "outside-service-area": _outside(),
        "competitor": _is("email_domain", "in", COMPETITORS),
    }
    return [
        {"slug": slug, "category": category, "when": conditions[slug], "points": points}
        for category, rules in FIT.items()
        for slug, points in rules.items()
    ]


def _behaviour_rules() -> list[dict[str, Any]]:
    return [
        {
            "slug": kind.replace("_", "-"),
            "category": "behavioural",
            "per_event": kind,
            "points": points,
            "max": most,
            "half_life_days": half_life,
            "daily_cap": 3 if kind == "email_open" else 2,
        }
        for kind, (points, most, half_life) in BEHAVIOUR.items()
    ]


def _student() -> dict[str, Any]:
    return {"any": [_is("job_title", "contains", "student"), _is("job_title", "contains", "job seeker")]}


def _outside() -> dict[str, Any]:
    return {"all": [_is("country", "is_set"), _is("country", "not_in", CORE_COUNTRIES)]}


def _stages() -> dict[str, Any]:
    asked = {"event": "quote_request", "op": "count_gte", "value": 1, "within_days": 30}
    return {
        "mql": {
            "when": {
                "all": [
                    _is("score", "gte", MQL),
                    {"not": _student()},
                    {"not": _is("email_domain", "in", COMPETITORS)},
                ]
            },
            "mode": "automatic",
        },
        "sal": {"when": {"all": [_is("stage", "eq", "mql"), _is("attempts", "gte", 1)]}, "mode": "manual"},
        "sql": {
            "when": {"all": [_is("stage", "eq", "sal"), {"any": [_is("company_size", "gte", 10), asked]}]},
            "mode": "manual",
        },
    }


def _policies() -> list[dict[str, Any]]:
    return [
        {
            "slug": "hot-inbound",
            "when": _is("landing_page", "in", ["quote", "site-survey"]),
            "minutes": 5,
            "clock": "business_hours",
            "calendar": "germany",
            "stops_on": "any",
            "warn_at": 0.6,
            "escalate_after_minutes": 15,
        },
        {
            "slug": "every-other-lead",
            "when": None,
            "minutes": 60,
            "clock": "business_hours",
            "calendar": "germany",
            "stops_on": "any",
            "warn_at": 0.8,
            "escalate_after_minutes": 120,
        },
    ]


def _calendar() -> dict[str, Any]:
    day = [["09:00", "17:30"]]
    return {
        "slug": "germany",
        "time_zone": "Europe/Berlin",
        "hours": {"mon": day, "tue": day, "wed": day, "thu": day, "fri": [["09:00", "16:30"]]},
        "holidays": [],
        "country": "DE",
    }
