"""What the reps did with a lead, from the first call to the signature."""

from random import Random

from leads.demo import cast, names
from leads.demo.cast import Rep
from leads.demo.chance import Quota, Wheel
from leads.demo.deals import Deals
from leads.demo.files import Files
from leads.demo.lead import Lead
from leads.demo.timeline import DAY, Timeline

MEANINGFUL = {"connected", "replied", "email_sent", "message_sent", "meeting_booked"}
TALKED = {"connected", "replied", "meeting_booked"}
HOUR = 3600
CALL = Wheel(
    (("connected", 50), ("no_answer", 24), ("voicemail", 17), ("gatekeeper", 6), ("wrong_number", 3))
)
MAIL = Wheel((("email_sent", 76), ("replied", 15), ("bounced", 9)))
OTHER = {
    "linkedin": Wheel((("message_sent", 85), ("replied", 15))),
    "sms": Wheel((("message_sent", 90), ("replied", 10))),
    "meeting": Wheel((("meeting_booked", 1),)),
}
MEDIA = Wheel((("call", 66), ("email", 26), ("linkedin", 4), ("sms", 2), ("meeting", 2)))
REJECTED = Wheel(
    (
        ("Too small for us", 28), ("No budget this year", 20), ("Not reachable after 6 attempts", 18),
        ("Wrong contact, no referral", 12), ("Outside service area", 10), ("Already a customer", 5),
        ("Invalid details", 4), ("Competitor or student", 3),
    )
)  # fmt: skip
DISQUALIFIED = Wheel(
    (("No project", 45), ("No budget this year", 25), ("Chose to repair", 18), ("Site not suitable", 12))
)


class Sales:
    def __init__(self, timeline: Timeline, files: Files, rng: Random) -> None:
        self.timeline, self.files, self.rng = timeline, files, rng
        self.end = timeline.end
        self._leave = (self.end - cast.LEAVE_BEGINS * DAY, self.end - cast.LEAVE_ENDS * DAY)
        self.deals = Deals(timeline, files, rng)
        self._attempts = self._appointments = self._stages = 0
        self._treats, self._accepts, self._rejects = Quota(rng), Quota(rng), Quota(rng)
        self._qualifies, self._opens, self._misses = Quota(rng), Quota(rng), Quota(rng)

    def work(self, lead: Lead) -> None:
        """Tell a lead's way through sales, as far as it has come by the end."""
        if lead.mql_at and lead.mql_at <= self.end:
            self._stage(lead, "mql", lead.mql_at)
        first = self._first_attempt(lead)
        if first is None or first > self.end:
            return
        answered = self._attempt_all(lead, first)
        if lead.mql_at is None:
            if self.rng.random() < 0.16:
                self._stage(
                    lead, "disqualified", self._later(lead.rep, first, 30), REJECTED(self.rng.random())
                )
        elif lead.mql_at <= self.end:
            self._decide(lead, self._later(lead.rep, max(lead.mql_at, answered or first), 4))

    def _first_attempt(self, lead: Lead) -> int | None:
        rep, spin, bad = lead.rep, self.rng.random, self.timeline.bad[lead.day]
        likely = rep.diligence - (0.05 if bad else 0) + (0.03 if lead.mql_at else -0.04)
        if not self._treats(min(likely, 0.99), rep.key):
            return None
        pace = rep.pace * (2.6 if bad else 1)
        if self.timeline.is_open(lead.at, rep.opens, rep.closes):
            if spin() < (0.62 if lead.hot else 0.5) / pace**0.5:
                return lead.at + 25 + int((spin() + spin()) * 150)
            return self._open(rep, lead.at, self.rng.lognormvariate(7.3, 1.25) * pace)
        if spin() < 0.16 and 7 * HOUR < (lead.at - self.timeline.midnights[lead.day]) < 22 * HOUR:
            return lead.at + 60 + int(spin() ** 2 * 2400 * pace)
        return self._open(rep, lead.at, self.rng.lognormvariate(7.2, 1.0) * pace)

    def _attempt_all(self, lead: Lead, at: int) -> int | None:
        """Write the attempts until someone is reached or the rep gives up; return the first response."""
        spin, response = self.rng.random, None
        for _ in range(6 if lead.mql_at else 4):
            medium = MEDIA(spin())
            wheel = CALL if medium == "call" else MAIL if medium == "email" else OTHER[medium]
            outcome = wheel(spin())
            self._attempt(lead, at, medium, outcome)
            if response is None and outcome in MEANINGFUL:
                response = at
            if outcome in TALKED or spin() < 0.16:
                break
            at = self._later(lead.rep, at, 5)
            if at > self.end:
                break
        return response

    def _attempt(self, lead: Lead, at: int, medium: str, outcome: str) -> None:
        spin = self.rng.random()
        note = names.NOTES[int(spin * 60)] if spin < len(names.NOTES) / 60 else ""
        self._attempts += 1
        self.files.attempts(
            (f"A{self._attempts:08d}", lead.key, self.timeline.stamp(at), lead.rep.key, medium, outcome, note)
        )

    def _decide(self, lead: Lead, at: int) -> None:
        """Accept an MQL, reject it, or put it back to nurturing, which may bring it here again."""
        if at > self.end:
            return
        mood = 0.8 if self.timeline.bad[lead.day] else 1
        if self._accepts(min(0.95, (0.48 + 0.4 * lead.heat) * lead.rep.skill**0.5 * mood)):
            self._accept(lead, at)
        elif self._rejects(0.64):
            self._stage(lead, "rejected", at, REJECTED(self.rng.random()))
        elif self._rejects(0.6):
            self._stage(lead, "recycled", at, "Try again in 90 days")
            again = at + int((60 + self.rng.random() * 60) * DAY)
            if again <= self.end and self.rng.random() < 0.35:
                self._stage(lead, "mql", again)
                self._accept(lead, self._later(lead.rep, again, 6))

    def _accept(self, lead: Lead, at: int) -> None:
        if at > self.end:
            return
        self._stage(lead, "sal", at)
        if self.rng.random() < 0.12:
            met: int | None = self._later(lead.rep, at, 14)
        else:
            met = self._meet(lead, at + 120)
        if met is None:
            return
        decided = self._later(lead.rep, met, 7)
        if decided > self.end:
            return
        self._qualify(lead, decided)

    def _qualify(self, lead: Lead, at: int) -> None:
        mood = 0.8 if self.timeline.bad[lead.day] else 1
        if not self._qualifies(min(0.95, (0.46 + 0.34 * lead.heat) * lead.rep.skill * mood)):
            self._stage(lead, "disqualified", at, DISQUALIFIED(self.rng.random()))
            return
        self._stage(lead, "sql", at)
        opened = self._later(lead.rep, at, 16)
        if opened > self.end:
            return
        if self._opens(min(0.9, (0.4 + 0.27 * lead.heat) * lead.rep.skill**0.5)):
            self.deals.open(lead, opened)
        elif self.rng.random() < 0.6:
            self._stage(lead, "recycled", self._later(lead.rep, opened, 40), "Project postponed")

    def _meet(self, lead: Lead, booked: int) -> int | None:
        """Book a meeting and follow it through moves and no-shows; return when it was held."""
        spin, rep = self.rng.random, lead.rep
        for last in (False, False, True):
            if booked > self.end:
                return None
            planned = self._slot(rep, booked + int((0.6 + spin() * 6.5) * DAY))
            status = self._status(planned, last)
            self._appointment(lead, booked, planned, status)
            if status == "held" or (status == "scheduled" and planned <= self.end):
                return planned + HOUR
            if status in ("scheduled", "cancelled") or (status == "no_show" and spin() < 0.4):
                return None
            booked = planned - 2 * HOUR if status == "rescheduled" else self._later(rep, planned, 3)
        return None

    def _status(self, planned: int, last: bool) -> str:
        """Return what came of a meeting; one that is over and still scheduled was never recorded."""
        if planned > self.end:
            return "scheduled"
        if self._misses(0.25 if self.timeline.bad[self.timeline.day_of(planned)] else 0.13):
            return "no_show"
        spin = self.rng.random()
        if spin < 0.038:
            return "scheduled"
        if spin < 0.1:
            return "cancelled"
        return "rescheduled" if spin < 0.19 and not last else "held"

    def _appointment(self, lead: Lead, booked: int, planned: int, status: str) -> None:
        self._appointments += 1
        moved = f"M{self._appointments + 1:08d}" if status == "rescheduled" else ""
        stamp = self.timeline.stamp
        minutes = 45 if planned % HOUR else 30
        self.files.appointments(
            (
                f"M{self._appointments:08d}", lead.key, stamp(booked), stamp(planned), minutes, lead.rep.key,
                status, moved,
            )
        )  # fmt: skip

    def _stage(self, lead: Lead, stage: str, at: int, reason: str = "") -> None:
        if at > self.end:
            return
        self._stages += 1
        by = "" if stage == "mql" else lead.rep.key
        self.files.stage_events(
            (f"G{self._stages:08d}", lead.key, stage, self.timeline.stamp(at), by, reason)
        )

    def _later(self, rep: Rep, at: int, hours: float) -> int:
        """Return an instant at work, around that many working hours later."""
        return self._open(rep, at, hours * HOUR * (0.1 + self.rng.expovariate(1.1)))

    def _open(self, rep: Rep, at: int, seconds: float) -> int:
        """Return when the rep has worked that long; leave does not count."""
        at = self.timeline.after(at, seconds, rep.opens, rep.closes)
        if rep.key == cast.ON_LEAVE and self._leave[0] <= at < self._leave[1]:
            return self.timeline.after(self._leave[1], seconds, rep.opens, rep.closes)
        return at

    def _slot(self, rep: Rep, at: int) -> int:
        """Return the half-hour at work that follows."""
        at = self.timeline.after(at, int(self.rng.random() * 5 * HOUR), rep.opens, rep.closes - HOUR)
        return at - at % 1800
