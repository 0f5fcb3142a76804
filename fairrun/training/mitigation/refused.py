"""What holisticai exports for binary classification and cannot be fitted and served here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["REFUSED"]

#: The reason by name.
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "fair_score_classifier": (
            "its fit stops by the clock, so the same data give other models; and it needs cvxpy "
            "with the solver CBC, which holisticai does not install"
        ),
    }
)
