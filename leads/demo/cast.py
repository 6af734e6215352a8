"""The people of Fjordwell, and how they work."""

from dataclasses import dataclass

HOUR = 3600


@dataclass(frozen=True, kw_only=True)
class Rep:
    key: str
    name: str
    team: str
    load: float  # share of the team's leads
    pace: float  # of first answers: 1 is average, more is slower
    diligence: float  # share of leads ever tried
    skill: float  # of qualifying and closing, 1 is average
    opens: int = 9 * HOUR  # of the day, in the workspace's time zone
    closes: int = 17 * HOUR + HOUR // 2


DACH, NORDICS, ISLES = "DACH team", "Nordics team", "UK & Benelux team"
REPS = (
    Rep(key="rep", name="Ines Duarte", team=DACH, load=1.1, pace=0.7, diligence=0.97, skill=1.12),
    Rep(key="jonas", name="Jonas Bekker", team=DACH, load=0.9, pace=1.7, diligence=0.87, skill=0.86),
    Rep(key="katrin", name="Katrin Vogel", team=DACH, load=1.0, pace=1.0, diligence=0.93, skill=1.0),
    Rep(key="mara", name="Mara Lindqvist", team=NORDICS, load=1.0, pace=0.85, diligence=0.95, skill=1.08),
    Rep(key="elias", name="Elias Strand", team=NORDICS, load=0.9, pace=1.35, diligence=0.88, skill=0.9),
    Rep(
        key="tomas", name="Tomas Okafor", team=ISLES, load=1.1, pace=0.75, diligence=0.96, skill=1.15,
        opens=10 * HOUR, closes=18 * HOUR + HOUR // 2,
    ),
    Rep(
        key="leila", name="Leila Osman", team=ISLES, load=0.9, pace=1.1, diligence=0.92, skill=0.95,
        opens=10 * HOUR, closes=18 * HOUR + HOUR // 2,
    ),
    Rep(key="sander", name="Sander Mulder", team=ISLES, load=0.8, pace=1.5, diligence=0.88, skill=0.92),
)  # fmt: skip
STAFF = (("manager", "Hanna Feld", "manager"), ("admin", "Arno Vell", "admin"))
LOGINS = ("rep", "manager", "admin")
USERNAMES = [rep.key for rep in REPS] + [key for key, _, _ in STAFF]
ON_LEAVE, LEAVE_BEGINS, LEAVE_ENDS = "leila", 75, 54  # days before the end
COVERED = 0.8  # of the leads that come to someone on leave
