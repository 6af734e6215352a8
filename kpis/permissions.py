"""Who may read figures."""

from typing import Any

from rest_framework.permissions import BasePermission


class SeesFigures(BasePermission):
    """Managers and admins read KPIs over all leads; reps work their own."""

    message = "KPIs are for managers and admins. An admin can change your role."

    def has_permission(self, request: Any, view: Any) -> bool:
        user = request.user
        return bool(user.is_authenticated and user.sees_figures)
