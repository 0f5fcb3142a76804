"""What `main` compares by default. Options name it without importing MLflow."""

from __future__ import annotations

from collections.abc import Sequence

from fairrun.errors import RequestError
from fairrun.training.mitigation import MITIGATORS

__all__ = [
    "COMPARED_BY",
    "COMPARED_METRICS",
    "COMPARED_MITIGATORS",
    "WORST",
    "check_distinct",
]

#: The mitigators that are compared by default: the unmitigated model and the pre-processors, which
#: are fast to fit.
COMPARED_MITIGATORS = tuple(
    name for name, mitigator in MITIGATORS.items() if mitigator.stage in ("none", "pre")
)

#: What models are ranked by, unless something else is given.
COMPARED_BY = "statistical_parity<=0.1"

#: The metrics in the table and the bar chart of a comparison.
COMPARED_METRICS = (
    "accuracy",
    "balanced_accuracy",
    "roc_auc",
    "disparate_impact",
    "statistical_parity",
    "equality_of_opportunity_difference",
    "average_odds_difference",
)

#: What the name of a constrained metric of several groups means, beside the table.
WORST = "_worst compares the two groups that differ most"


def check_distinct(mitigators: Sequence[str]) -> None:
    """Raise RequestError if a mitigator is given twice, because names tell the models apart."""
    twice = [name for place, name in enumerate(mitigators) if name in mitigators[:place]]
    if twice:
        raise RequestError(
            f"mitigators={','.join(mitigators)} has {twice[0]} twice; give each mitigator once"
        )
