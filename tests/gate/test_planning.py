"""What a gate can decide with a number of rows is what it then decides."""

from __future__ import annotations

import numpy as np
import pytest

from fairrun.gate import PlannedGroup, Verdict, decide, parse_gate, plan_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Counts, audit

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))


def verdict(n_a: int, n_b: int, rate: float, ratio: float) -> Verdict:
    """Return the verdict on a model that selects b at `ratio` times the rate of a."""
    table = np.zeros((3, 2, 2), dtype=np.int64)
    for place, (n, share) in enumerate(((n_a, rate), (n_b, rate * ratio))):
        table[place, :, 1] = [round(n * share / 2), round(n * share / 2)]
        table[place, 0, 0] = n - table[place, :, 1].sum()
    counts = Counts((SEX,), table)
    return decide(parse_gate("disparate_impact>=0.8"), counts, audit(counts)).verdict


@pytest.mark.parametrize(("n_a", "n_b", "rate"), [(6000, 3000, 0.3), (400, 350, 0.6)])
def test_the_gate_decides_where_the_plan_says(n_a: int, n_b: int, rate: float) -> None:
    groups = PlannedGroup("Male", n_a, rate), PlannedGroup("Female", n_b, 0.1)
    (row,) = plan_gate([("sex", *groups)]).to_dict("records")
    passes, fails = row["passes from"], row["fails to"]
    # The plan has fewer replicates than a gate, so its limits hold to two digits or so.
    assert verdict(n_a, n_b, rate, passes + 0.03) is Verdict.PASS
    assert verdict(n_a, n_b, rate, passes - 0.03) is Verdict.INSUFFICIENT_EVIDENCE
    assert verdict(n_a, n_b, rate, fails + 0.03) is Verdict.INSUFFICIENT_EVIDENCE
    assert verdict(n_a, n_b, rate, fails - 0.03) is Verdict.FAIL
    assert row["difference"] == pytest.approx(rate * (1 - row["ratio"]))


def test_with_few_rows_nothing_passes_and_with_fewer_nothing_is_decided() -> None:
    a = PlannedGroup("a", 200, 0.3)
    table = plan_gate(
        [
            ("few", a, PlannedGroup("b", 80, 0.3)),
            ("fewer", a, PlannedGroup("b", 29, 0.3)),
            ("no label", PlannedGroup("a", 200, 1.0), PlannedGroup("b", 100, 1.0)),
        ]
    )
    assert np.isnan(table["passes from"]).all()
    assert verdict(200, 80, 0.3, 1.0) is Verdict.INSUFFICIENT_EVIDENCE
    assert table["fails to"].isna().tolist() == [False, True, True]
