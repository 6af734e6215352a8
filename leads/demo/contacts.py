"""Who a lead is: a person in a company, as far as the form asked."""

import unicodedata
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from random import Random

from leads.demo import definitions, names
from leads.demo.chance import Wheel
from leads.demo.definitions import FIT
from leads.demo.places import COUNTRIES, Country

FREE_MAIL = ("gmail.com", "googlemail.com")  # they allow no underscore, so nobody has these addresses
INDUSTRIES = (
    ("Food production", 15), ("Cold storage & logistics", 9), ("Hotels", 11), ("Care homes", 8),
    ("Breweries", 6), ("Dairies", 5), ("Greenhouses", 5), ("Commercial laundry", 4),
    ("Swimming pools & spas", 5), ("Schools & universities", 6), ("Housing companies", 6),
    ("Manufacturing", 14), ("Construction", 7), ("Healthcare", 4), ("Retail", 5), ("Software", 2.5),
    ("Consulting", 3),
)  # fmt: skip
# Title, seniority, function, weight, and how much likelier for a warm lead.
TITLES = (
    ("Facilities manager", "Manager", "Facilities", 14, 1.3),
    ("Energy manager", "Manager", "Energy", 9, 1.5),
    ("Estates director", "Director", "Facilities", 5, 1.8),
    ("Plant manager", "Manager", "Operations", 10, 1.3),
    ("Head of operations", "Director", "Operations", 6, 1.6),
    ("Technical director", "Director", "Engineering", 5, 1.7),
    ("Maintenance engineer", "Specialist", "Engineering", 11, 0.9),
    ("Project engineer", "Specialist", "Engineering", 7, 0.9),
    ("Managing director", "Owner", "Management", 9, 1.2),
    ("Owner", "Owner", "Management", 7, 0.9),
    ("Purchasing manager", "Manager", "Purchasing", 7, 1.0),
    ("Sustainability officer", "Specialist", "Sustainability", 6, 1.0),
    ("Office manager", "Specialist", "Administration", 5, 0.4),
    ("Marketing manager", "Manager", "Marketing", 3, 0.3),
    ("Student", "Junior", "", 3, 0.1),
    ("Job seeker", "Junior", "", 1, 0.1),
)
EXCLUDED = ("Student", "Job seeker")
SENIORITY_RULES = {"Owner": "director-or-owner", "Director": "director-or-owner", "Manager": "manager"}
SIZE_BOUNDS = (10, 50, 250, 1000)
SIZE_RULES = (
    "", "11-to-50-employees", "51-to-250-employees", "251-to-1000-employees", "over-1000-employees",
)  # fmt: skip


@dataclass(slots=True)
class Contact:
    email: str
    first_name: str
    last_name: str
    phone: str
    job_title: str
    seniority: str
    job_function: str
    company: str
    website: str
    company_size: int | None
    industry: str
    country: Country
    region: str
    excluded: bool  # a student or a competitor: no MQL whatever the points
    fit: int = 0  # points the scoring model gives for all this


@dataclass(slots=True)
class Company:
    name: str
    domain: str
    size: int
    industry: str
    country: Country
    region: str


def ascii_slug(text: str) -> str:
    plain = text.translate(str.maketrans("øØæÆłŁß", "oOaAlLs"))
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    return "".join(letter for letter in plain if letter.isalnum())


def _pool(text: str) -> list[tuple[str, str]]:
    return [(name, ascii_slug(name)) for name in text.split()]


class Contacts:
    """Makes contacts; some come from a company that wrote before."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self._recent: deque[Company] = deque(maxlen=400)
        self._countries = Wheel((country, country.weight) for country in COUNTRIES)
        self._industries = Wheel(INDUSTRIES)
        self._titles = [
            Wheel((title[:3], title[3] * title[4] ** lift) for title in TITLES) for lift in (-1, 0, 1, 2)
        ]
        self._people = {
            country.name: (_pool(country.names[0]), _pool(country.names[1])) for country in COUNTRIES
        }
        self._words = _pool(names.WORDS)

    def new(self, heat: float, short_form: bool) -> Contact:
        """Return a contact; the warmer the lead, the closer to the ideal customer."""
        spin = self.rng.random
        company = self._company(heat)
        firsts, lasts = self._people[company.country.name]
        first, first_slug = firsts[int(spin() * len(firsts))]
        last, last_slug = lasts[int(spin() * len(lasts))]
        title, seniority, function = self._titles[min(3, int(heat * 4))](spin())
        if spin() < (0.2 if short_form else 0.1):
            title = seniority = function = ""
        size = None if spin() < (0.22 if short_form else 0.13) else company.size
        industry = "" if spin() < (0.17 if short_form else 0.09) else company.industry
        free = spin() < 0.3 - 0.22 * heat
        email = f"{first_slug}.{last_slug}@{company.domain}"
        if free:
            email = f"{first_slug}_{last_slug}@{FREE_MAIL[int(spin() * 1.3)]}"
        excluded = title in EXCLUDED or (not free and company.domain in definitions.COMPETITORS)
        contact = Contact(
            email, first, last, self._phone(company.country), title, seniority, function, company.name,
            "" if free else f"https://www.{company.domain}", size, industry, company.country,
            company.region if spin() < 0.8 else "", excluded,
        )  # fmt: skip
        contact.fit = fit_points(contact, free)
        return contact

    def _company(self, heat: float) -> Company:
        spin = self.rng.random
        if self._recent and spin() < 0.05:
            return self._recent[int(spin() * len(self._recent))]
        industry = self._industries(spin())
        if heat > 0.6 and industry not in definitions.CORE_INDUSTRIES:
            industry = self._industries(spin())
        country = self._countries(spin())
        if heat > 0.6 and country.name not in definitions.CORE_COUNTRIES:
            country = self._countries(spin())
        name, slug = self._company_name(industry)
        region = country.regions[int(spin() * len(country.regions))]
        company = Company(name, f"{slug}.example", self._size(heat), industry, country, region)
        if spin() < 0.012:
            company.name, company.domain = "Arctura Heat", definitions.COMPETITORS[0]
        elif spin() < 0.5:
            self._recent.append(company)
        return company

    def _size(self, heat: float) -> int:
        """Return employees: many small companies, few large ones."""
        size = self.rng.lognormvariate(3.9 + 0.9 * heat, 1.25)
        return max(1, min(int(size), 18_000))

    def _company_name(self, industry: str) -> tuple[str, str]:
        spin = self.rng.random
        word, slug = self._words[int(spin() * len(self._words))]
        suffixes = names.SUFFIXES[industry]
        suffix = suffixes[int(spin() * len(suffixes))]
        if spin() < 0.45:
            second, second_slug = self._words[int(spin() * len(self._words))]
            word, slug = f"{word} & {second}", f"{slug}-{second_slug}"
        return f"{word} {suffix}", f"{slug}-{ascii_slug(suffix)}"

    def _phone(self, country: Country) -> str:
        spin = self.rng.random
        if spin() < 0.12:
            return ""
        pattern = country.phones[int(spin() * len(country.phones))]
        digits = iter(f"{int(spin() * 10_000):04d}")
        return "".join(next(digits) if letter == "#" else letter for letter in pattern)


def fit_points(contact: Contact, free_mail: bool) -> int:
    """Return what the demographic and firmographic rules of the scoring model come to."""
    caps, role, place = definitions.CAPS, FIT["demographic"], FIT["firmographic"]
    person = role["free-mail"] if free_mail else 0
    person += role["student-or-job-seeker"] if contact.job_title in EXCLUDED else 0
    person += role.get(SENIORITY_RULES.get(contact.seniority, ""), 0)
    if contact.job_function in definitions.BUYER_FUNCTIONS:
        person += role["facilities-or-energy-role"]
    elif contact.job_function == "Purchasing":
        person += role["purchasing-role"]
    company = place.get(SIZE_RULES[bisect_left(SIZE_BOUNDS, contact.company_size or 0)], 0)
    company += place["core-industry"] if contact.industry in definitions.CORE_INDUSTRIES else 0
    served = contact.country.name in definitions.CORE_COUNTRIES
    company += place["core-country" if served else "outside-service-area"]
    company += place["competitor"] if contact.excluded and contact.job_title not in EXCLUDED else 0
    return _capped(person, caps["demographic"]) + _capped(company, caps["firmographic"])


def _capped(points: int, cap: int) -> int:
    return max(-cap, min(points, cap))
