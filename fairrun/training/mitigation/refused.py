"""Methods for binary classification that holisticai exports and fairrun does not support."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["REFUSED"]

#: The reason by name of the method; it completes a sentence that ends in "because".
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "fair_score_classifier": (
            "its fit stops after a fixed time, so that the same data can give different models, "
            "and it needs cvxpy with the solver CBC, which holisticai does not install"
        ),
    }
)
