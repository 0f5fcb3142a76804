"""The comparison of a mitigated model with none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun.data import Rows
from fairrun.gate import parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.runs.effects import with_effect
from fairrun.training.mitigation import resolve_mitigator

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))


@pytest.mark.parametrize(
    ("mitigator", "demanded", "compared"),
    [
        ("reweighing", None, "statistical_parity"),
        ("equalized_odds", "disparate_impact>=0.8", "disparate_impact"),
        ("reweighing", "disparate_impact>=0.8 @ sex; accuracy>=0.7", "disparate_impact"),
        # Nothing in it is about rates of the groups of sex.
        (
            "reweighing",
            "roc_auc_difference<=0.1; disparate_impact>=0.8 @ race",
            "statistical_parity",
        ),
    ],
)
def test_the_demanded_metric_is_compared(
    mitigator: str, demanded: str | None, compared: str
) -> None:
    frame = pd.DataFrame({"sex": ["Male", "Female"] * 100})
    labels = np.tile([0, 1, 1, 0], 50)
    effect = with_effect(
        *(resolve_mitigator(mitigator), SEX, Rows(frame, labels), labels, 1 - labels),
        None if demanded is None else parse_gate(demanded),
    )
    assert effect.compared == compared
