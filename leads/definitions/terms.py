"""How marketing and sales work together: response times, and what handing a lead over needs."""

from __future__ import annotations

from django.utils.text import capfirst

from leads import conditions
from leads.definitions import clock_words, words
from leads.definitions.paper import Bullets, Heading, Part, Table, Text
from leads.models import SlaPolicy


def response_times(policies: list[SlaPolicy]) -> list[Part]:
    if not policies:
        return [Text("No response times are agreed.")]
    head = ["", "For", "Answer", "Warning", "Escalation"]
    rows = [
        [
            str(place),
            _scope(policy, is_first=place == 1),
            clock_words.target_words(policy),
            clock_words.warning_words(policy),
            clock_words.escalation_words(policy),
        ]
        for place, policy in enumerate(policies, start=1)
    ]
    opening = (
        "The first line that fits a lead when it comes in holds. It is stored with the lead, and no later "
        "change of the lines touches it. Response times are not part of a version: these are the ones in "
        "use when this page was made."
    )
    return [Text(opening), Table("Response times", head, rows), *_answers(policies), *_calendars(policies)]


def _scope(policy: SlaPolicy, is_first: bool) -> str:
    if words.is_always(policy.when):
        return "Every lead" if is_first else "Every other lead"
    return capfirst(conditions.sentence(policy.when))


def _answers(policies: list[SlaPolicy]) -> list[Part]:
    kinds = list(dict.fromkeys(policy.stops_on for policy in policies))
    if len(kinds) == 1:
        return [Text(f"As an answer counts {clock_words.ANSWERS[SlaPolicy.StopsOn(kinds[0])]}.")]
    lines = [
        f"Line {place}: {clock_words.ANSWERS[SlaPolicy.StopsOn(policy.stops_on)]}"
        for place, policy in enumerate(policies, start=1)
    ]
    return [Text("As an answer counts:"), Bullets(lines)]


def _calendars(policies: list[SlaPolicy]) -> list[Part]:
    used = {policy.calendar.slug: policy.calendar for policy in policies if policy.calendar}
    parts: list[Part] = []
    for calendar in used.values():
        parts += [
            Heading(f"Business hours: {calendar}"),
            Bullets(clock_words.hours_words(calendar)),
            Text(f"Local time of {calendar.time_zone}. Closed on {clock_words.holidays_words(calendar)}."),
        ]
    return parts


def handing_over(with_clocks: bool) -> list[Part]:
    """Return what the ladder asks of people: see `leads.stages`."""
    late = "Untreated leads stay in the figures as untreated until somebody tries to reach them."
    if with_clocks:
        late += " One that is not answered in time shows as late to its owner and on the dashboard."
    return [
        Bullets(
            [
                "Marketing hands over MQLs. Sales accepts a lead as SAL, or rejects it. No time of its own "
                "is set for that: response times run from the moment a lead comes in.",
                "Rejecting and disqualifying need a reason.",
                "Recycling needs the day on which the lead comes back; until then no rule promotes it.",
                "A rejected or recycled lead can be made MQL or accepted again by a person.",
                "A disqualified lead stays so until a manager or admin makes it MQL again.",
                "A lead that misses a criterion of a stage moves there only if a manager or admin overrides "
                "it with a reason; which criteria were missing is kept.",
                late,
                "A lead keeps its owner through all of this.",
            ]
        )
    ]
