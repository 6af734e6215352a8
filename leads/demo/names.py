"""Pools of names. All people and companies are invented; any likeness is the pool's."""

GERMAN = (
    """
    Anna Lena Lukas Jonas Katrin Stefan Sabine Markus Julia Tobias Miriam Florian Heike Jürgen Petra
    Matthias Claudia Andreas Nadine Sebastian Franziska Dominik Birgit Thorsten Silke Moritz Annelie
    Ralf Ulrike Felix Carina Holger Simone Bernd Verena Niklas Jutta Oliver Maren Dieter Ines Leon
    Kerstin Robin
    """,
    """
    Kruse Brandt Voss Vogel Hartmann Lindner Seidel Krämer Böhm Winter Albrecht Schuster Jansen
    Förster Keller Engel Busch Bergmann Pohl Sauer Arnold Ott Kaiser Reuter Marquardt Stark Heinrich
    Ziegler Brenner Kühn Thiel Haas Sommer Graf Ebert Nagel Lorenz Paulsen Reinhardt Dietrich Moser
    Gruber Steiner Huber Egger Wyss Baumann
    """,
)
BRITISH = (
    """
    Owen Grace Callum Nadia Emily Harriet Jack Amelia Rhys Fiona George Isla Priya Daniel Niamh
    Oliver Charlotte Aidan Sophie Thomas Megan Arjun Eleanor Liam Hannah Duncan Zara Gareth Ruth
    Connor Imogen Samuel Bronwen Lewis Farah Dominic Tessa Alistair Maeve Joel
    """,
    """
    Achterberg Mbeki Strathie Hughes Callow Whitfield Harper Pemberton Ellis Barlow Doyle Gallagher
    Fenwick Patel Osborne Redmond Carver Haddon Lockhart Murray Nolan Prescott Quinn Rowntree
    Sinclair Thorne Underhill Vance Wainwright Ashby Birch Cavendish Drummond Egerton Forsyth Grady
    Hollis Ingram Kapoor Langley
    """,
)
NORDIC = (
    """
    Petra Sunniva Freya Mara Elias Astrid Lars Ingrid Erik Sofia Magnus Linnea Anders Karin Mikkel
    Sigrid Henrik Emma Oskar Maja Johan Liv Rasmus Elin Viggo Tuva Nils Frida Kasper Hanne Aino Eero
    Saara Juhani Tove Bjarne Solveig Gustav Rurik Edda
    """,
    """
    Solheim Aas Lindholm Lindqvist Halvorsen Norling Strand Berglund Nyström Dahl Holm Sørensen
    Bakken Eklund Forsberg Haugen Iversen Jönsson Kjær Lund Mørk Nygård Olsson Pettersen Rask
    Sandvik Thorsen Vik Wallin Åberg Östlund Bech Damgaard Engström Fossum Grønli Hedman Isaksen
    Korhonen Virtanen
    """,
)
DUTCH = (
    """
    Sander Otto Fleur Bram Eva Jeroen Lotte Maarten Sanne Ruben Femke Daan Anouk Thijs Iris Wouter
    Marloes Niels Esther Joost Lieke Pieter Noor Koen Veerle Dries Hanne Lien Stijn Jolien
    """,
    """
    Lemmens Mulder Bakker Vermeer Dekker Visser Hendriks Kuipers Maas Postma Smits Terpstra Verbeek
    Willems Zwart Brouwer Claes Desmet Goossens Hoekstra Janssens Koster Leemans Mertens Nijs
    Peeters Roelofs Schouten Timmermans Wouters
    """,
)
ROMANCE = (
    """
    Camille Hugo Beatriz Dario Rosa Elena Mathieu Chloé Luca Giulia Antoine Inès Marco Sofía Pablo
    Lucía Julien Manon Tiago Mariana Paolo Chiara Étienne Aurélie Javier Carmen Rafael Nuria Matteo
    Alessia Mirela Andrei Zofia Piotr Agnieszka Tomasz
    """,
    """
    Roche Marchetti Camara Lucchese Ibarra Moreau Lefèvre Girard Fontaine Mercier Rossi Bianchi
    Colombo Ferrara Conti Navarro Serrano Iglesias Vidal Ortega Almeida Carvalho Nogueira Teixeira
    Stoica Ionescu Dumitru Wronka Nowicki Zieliński Kamiński Dubois Perrin Rivière Santoro
    """,
)
WORDS = """
    Kestrel Corvus Larkfield Monarch Tidewell Halcyon Hartwell Brackenhill Vesper Saltmarsh Quillon
    Glenrowan Solenne Riverside Pinewood Elmfield Northgate Ardent Sandhurst Juniper Tidal Heron
    Alder Birkenau Falken Silberbach Tannwald Eichenhof Lindental Rosenau Nordkap Fjellheim Granlund
    Sjøvik Havdal Björkby Strandvik Solbakken Almhof Bergheim Kronstein Lauterbach Mühlenau Seeland
    Westerkamp Duinrand Waterland Polder Oosterlicht Kastanje Moorfield Ashcombe Brightwater
    Cloverdale Dunmore Eastleigh Foxglove Greystone Hollybank Ivyhouse Kingsmead Longacre Millbrook
    Netherby Oakhurst Primrose Queensferry Rowanbrae Stonebridge Thistledown Upland Valleymead
    Windmere Yarrow Amber Beacon Cobalt Delta Ember Fathom Garnet Harbor Indigo Jasper Keystone
    Lumen Meridian Nova Orchard Pioneer Quarry Ridgeway Sterling Terrace Umber Vantage Willow Zenith
    Auric Borealis Cascade Dorado Equinox Finch Gullwing Hazel Ibis Jade Kite Linden Magnolia Nimbus
    Osprey Plover Quartz Raven Swift Teal Umbra Viola Wren
"""
SUFFIXES: dict[str, tuple[str, ...]] = {
    "Food production": ("Foods", "Packhouse", "Bakery", "Provisions", "Fine Foods"),
    "Cold storage & logistics": ("Logistics", "Cold Store", "Fresh Freight", "Storage"),
    "Hotels": ("Hotels", "Inns", "Resort", "Hospitality"),
    "Care homes": ("Care Homes", "Senior Living", "Residences"),
    "Breweries": ("Brewing", "Distillery", "Brewery"),
    "Dairies": ("Dairy", "Creamery", "Cheese Works"),
    "Greenhouses": ("Greenhouses", "Growers", "Nurseries"),
    "Commercial laundry": ("Laundry Co-op", "Linen Services", "Textile Care"),
    "Swimming pools & spas": ("Spa", "Aquatics", "Baths", "Leisure"),
    "Schools & universities": ("College", "Schools Trust", "Academy"),
    "Housing companies": ("Housing", "Estates", "Homes"),
    "Manufacturing": ("Ceramics", "Plastics", "Metalworks", "Print", "Joinery", "Components"),
    "Construction": ("Builders", "Construction", "Contractors"),
    "Healthcare": ("Clinic", "Dental Group", "Hospital"),
    "Retail": ("Stores", "Markets", "Opticians"),
    "Software": ("Software", "Systems", "Labs"),
    "Consulting": ("Advisers", "Consulting", "Partners"),
}
NOTES = (
    "Gas contract ends in March, wants payback under five years.",
    "Asked for a budget figure before the board meets.",
    "Two sites, boilers at end of life.",
    "Wants to see a reference in the same industry.",
    "Left a message with reception, calling back on Thursday.",
    "Chiller keeps tripping in summer; site survey makes sense.",
    "Comparing with one other supplier.",
    "Subsidy deadline decides the timing.",
    "On holiday until next week.",
    "Not the decision maker, gave the name of the plant manager.",
)
