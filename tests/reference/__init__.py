"""The KPI specification a second time: plain loops over a bundle folder, as naive as can be.

Nothing here knows the product. Every rule quotes the clause of the specification it follows, so
that a disagreement with the KPI engine is settled by reading, not by voting.
"""

from tests.reference.answers import credits, report, scores, sla

__all__ = ["credits", "report", "scores", "sla"]
