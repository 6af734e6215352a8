"""What workers must know of this app: the jobs it does."""

from kpis import replay, restating  # noqa: F401  (registers the work)
