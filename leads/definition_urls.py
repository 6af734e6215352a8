"""Addresses below /definitions/."""

from typing import Any

app_name = "definitions"
urlpatterns: list[Any] = []
