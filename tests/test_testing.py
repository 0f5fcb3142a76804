"""`assert_fair` says yes only where the gate passes, and shows the table where it does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fairrun import Gate, Protected, RequestError, decide, evaluate_predictions
from fairrun.groups import ProtectedColumn
from fairrun.testing import assert_fair

ROWS = np.arange(3000)
PEOPLE = pd.DataFrame(
    {"sex": np.where(ROWS % 2, "Male", "Female"), "town": np.where(ROWS % 3, "A", "B")}
)
LABEL = (ROWS % 5 > 1).astype(int)
PREDICTION = (ROWS % 7 > 2 - ROWS % 2).astype(int)
SCORE = (ROWS % 101) / 101


def test_a_pass_returns_what_decide_returns() -> None:
    gate = "accuracy>=0.3 @ sex; statistical_parity<=0.5 @ town"
    result = assert_fair(gate, LABEL, PREDICTION, PEOPLE, {"sex": "Male", "town": "A"})
    columns = [
        ProtectedColumn.from_frame(PEOPLE, Protected(name, privileged))
        for name, privileged in (("sex", "Male"), ("town", "A"))
    ]
    positions = [column.positions(PEOPLE) for column in columns]
    found = evaluate_predictions(columns, positions, LABEL, PREDICTION, None)
    expected = decide(Gate.parse(gate), found.counts, found.audit)
    assert result.table.equals(expected.table)


def test_a_failure_shows_every_check() -> None:
    with pytest.raises(AssertionError) as failed:
        assert_fair(
            Gate.parse("statistical_parity<=0.01; accuracy>=0.3"),
            *(LABEL, PREDICTION, PEOPLE, [Protected("sex", "Male")]),
        )
    said = str(failed.value).splitlines()
    assert said[0].startswith("gate: fail (statistical_parity<=0.01, sex Male against Female: ")
    assert [line.split("|")[-2].strip() for line in said[4:]] == ["fail", "pass"]
    # pytest shows the line of the test, and not the code of the function.
    assert failed.traceback[-1].ishidden(failed)


def test_too_few_rows_fail_unless_the_test_says_otherwise() -> None:
    few, arrays = PEOPLE[:100], (LABEL[:100], PREDICTION[:100])
    gate = "statistical_parity<=0.14"
    with pytest.raises(AssertionError, match="insufficient evidence"):
        assert_fair(gate, *arrays, few, {"sex": "Male"})
    result = assert_fair(gate, *arrays, few, {"sex": "Male"}, allow_insufficient_evidence=True)
    assert str(result.verdict) == "insufficient_evidence"
    with pytest.raises(AssertionError, match="fail"):
        assert_fair(
            *("statistical_parity<=0.01", LABEL, PREDICTION, PEOPLE, {"sex": "Male"}),
            allow_insufficient_evidence=True,
        )


def test_scores_weights_clusters_and_missing_labels() -> None:
    more = {"probability": SCORE, "weight": 1 + ROWS % 2}
    assert_fair(
        "roc_auc>=0.3; brier_score<=0.6", LABEL, PREDICTION, PEOPLE, {"sex": "Male"}, **more
    )
    result = assert_fair(
        *("selection_rate>=0.2 @ sex", None, PREDICTION, PEOPLE, {"sex": "Male"}),
        cluster=ROWS // 2,
    )
    assert all(each.effective_n is not None for each in result.judgements)
    for gate, label, said in (
        ("accuracy>=0.3", None, "needs the true labels"),
        ("roc_auc>=0.3", LABEL, "needs scores"),
        ("disparate_impact>=0.8 @ race", LABEL, "race"),
    ):
        with pytest.raises(RequestError, match=said):
            assert_fair(gate, label, PREDICTION, PEOPLE, {"sex": "Male"})
    with pytest.raises(RequestError, match="no protected column"):
        assert_fair("accuracy>=0.3", LABEL, PREDICTION, PEOPLE, {})
