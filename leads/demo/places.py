"""Countries: how many leads each brings, who sells there, and how its phones and names look."""

from dataclasses import dataclass

from leads.demo import names
from leads.demo.cast import DACH, ISLES, NORDICS


@dataclass(frozen=True, kw_only=True)
class Country:
    name: str
    weight: float
    team: str
    names: tuple[str, str]
    phones: tuple[str, ...]  # `#` is a digit; ranges kept free for fiction, or never assigned
    regions: tuple[str, ...]
    currency: str = ""


COUNTRIES = (
    Country(
        name="Germany", weight=36, team=DACH, names=names.GERMAN,
        phones=("+49 30 23125 ###", "+49 40 66969 ###", "+49 221 4710 ###", "+49 171 39200##"),
        regions=(
            "Bavaria", "Baden-Württemberg", "Hamburg", "Hesse", "Lower Saxony", "North Rhine-Westphalia",
            "Saxony",
        ),
    ),
    Country(
        name="United Kingdom", weight=14, team=ISLES, names=names.BRITISH,
        phones=("+44 1632 960###", "+44 7700 900###", "+44 20 7946 0###", "+44 161 496 0###"),
        regions=("Greater London", "North West", "Scotland", "South West", "Wales", "Yorkshire"),
        currency="GBP",
    ),
    Country(
        name="Netherlands", weight=9, team=ISLES, names=names.DUTCH,
        phones=("+31 20 000 0###", "+31 85 000 0###"),
        regions=("Gelderland", "North Brabant", "North Holland", "South Holland", "Utrecht"),
    ),
    Country(
        name="Sweden", weight=8, team=NORDICS, names=names.NORDIC,
        phones=("+46 8 465 004 ##", "+46 31 390 06 ##"),
        regions=("Skåne", "Stockholm", "Uppsala", "Västra Götaland"), currency="SEK",
    ),
    Country(
        name="Denmark", weight=6, team=NORDICS, names=names.NORDIC, phones=("+45 00 00 ## ##",),
        regions=("Central Jutland", "Copenhagen", "Funen", "Zealand"),
    ),
    Country(
        name="Norway", weight=4, team=NORDICS, names=names.NORDIC, phones=("+47 00 00 ## ##",),
        regions=("Oslo", "Rogaland", "Trøndelag", "Vestland"),
    ),
    Country(
        name="Austria", weight=5.5, team=DACH, names=names.GERMAN, phones=("+43 1 000 0###",),
        regions=("Salzburg", "Styria", "Tyrol", "Vienna"),
    ),
    Country(
        name="Switzerland", weight=4.5, team=DACH, names=names.GERMAN, phones=("+41 44 000 0###",),
        regions=("Basel", "Bern", "Lucerne", "Zürich"), currency="CHF",
    ),
    Country(
        name="Belgium", weight=2.5, team=ISLES, names=names.DUTCH, phones=("+32 2 000 0###",),
        regions=("Antwerp", "Brussels", "East Flanders"),
    ),
    Country(
        name="Finland", weight=2, team=NORDICS, names=names.NORDIC, phones=("+358 9 000 0###",),
        regions=("Pirkanmaa", "Uusimaa"),
    ),
    Country(
        name="Ireland", weight=1.5, team=ISLES, names=names.BRITISH, phones=("+353 20 910 0###",),
        regions=("Connacht", "Leinster", "Munster"),
    ),
    Country(
        name="France", weight=2.2, team=ISLES, names=names.ROMANCE,
        phones=("+33 1 99 00 ## ##", "+33 6 39 98 ## ##"),
        regions=("Grand Est", "Hauts-de-France", "Île-de-France"),
    ),
    Country(
        name="Italy", weight=1.6, team=DACH, names=names.ROMANCE, phones=("+39 02 000 0###",),
        regions=("Lombardy", "South Tyrol", "Veneto"),
    ),
    Country(
        name="Spain", weight=1.2, team=ISLES, names=names.ROMANCE, phones=("+34 900 000 ###",),
        regions=("Catalonia", "Madrid"),
    ),
    Country(
        name="Poland", weight=2, team=DACH, names=names.ROMANCE, phones=("+48 22 000 0###",),
        regions=("Lower Silesia", "Mazovia"),
    ),
)  # fmt: skip
