"""Rows without true labels or scores: what is left is measured as with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fairrun.errors import RequestError
from fairrun.figures import draw_evaluation
from fairrun.gate import decide, parse_gate
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    Counts,
    Evaluation,
    audit,
    counts_from_dict,
    evaluate_predictions,
    hidden_groups,
    show,
)
from fairrun.pages import Origin, render_report

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black", "Other"), ("White",), ("Black", "Other"))
ROW = np.arange(900)
POSITIONS = [np.where(ROW % 29 == 0, -1, (ROW % 5 > 2).astype(int)), (ROW % 7) // 3]
LABEL = ((7 * ROW) % 10 < 4).astype(int)
SCORE = ((37 * ROW) % 101) / 101
PREDICTION = (SCORE + 0.1 * (POSITIONS[0] == 0) > 0.5).astype(int)
WEIGHT = 1 + (ROW % 3) / 2
CLUSTER = ROW // 3

ORIGIN = Origin(
    *("", "", "people.csv", "0" * 32, "evaluation", "hired", "yes"),
    run_id="fedcba98",
    command="mlflow run . -e audit",
)


def measured(label: bool, score: bool, **more: object) -> Evaluation:
    return evaluate_predictions(
        [SEX, RACE],
        POSITIONS,
        LABEL if label else None,
        PREDICTION,
        SCORE if score else None,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["rows", "weights"])
def test_what_needs_no_label_and_no_score_stays_the_same_to_the_bit(weight: object) -> None:
    full = measured(True, True, weight=weight)
    assert full.not_measured == {}
    for label, score in ((False, False), (False, True), (True, False)):
        part = measured(label, score, weight=weight)
        assert {*part.metrics} < {*full.metrics}
        for name, value in part.metrics.items():
            assert np.array_equal(value, full.metrics[name], equal_nan=True), name
        missing_is_named(part, full)
        for name, table in part.audit.tables.items():
            keys = ["protected", "metric"]
            theirs = full.audit.tables[name].merge(table[keys].drop_duplicates(), on=keys)
            pd.testing.assert_frame_equal(table, theirs[table.columns])


def test_clusters_without_labels_have_the_same_values() -> None:
    # Clusters that differ only in labels are alike without them, so the replicates differ.
    full, part = (measured(known, known, cluster=CLUSTER) for known in (True, False))
    missing_is_named(part, full)
    for name, value in part.metrics.items():
        if "_ci_" not in name:
            assert np.array_equal(value, full.metrics[name], equal_nan=True), name


def missing_is_named(part: Evaluation, full: Evaluation) -> None:
    """Check that every metric that is missing is named with a reason, and nothing else is."""
    plain = {name.split("/")[0] for name in {*full.metrics} - {*part.metrics}}
    plain = {n for n in plain if not n.endswith(("_ci_low", "_ci_high", "_worst"))}
    assert plain <= {*part.not_measured}
    assert not {*part.not_measured} & {*part.metrics}


def test_counts_without_labels_say_so_and_are_not_mixed_with_others() -> None:
    without = Counts.from_arrays([SEX], POSITIONS[:1], None, PREDICTION)
    labelled = Counts.from_arrays([SEX], POSITIONS[:1], LABEL, PREDICTION)
    assert counts_from_dict(without.to_dict()) == without != labelled
    assert not (without + without).labelled
    assert not without.marginal("sex").labelled
    with pytest.raises(RequestError, match="only one of them has true labels"):
        without + labelled
    zeros = replace(without, labelled=True)
    assert zeros != without
    with pytest.raises(RequestError, match="does not hold counts"):
        counts_from_dict(without.to_dict() | {"labelled": "no"})


def test_a_gate_decides_terms_on_decisions_and_refuses_those_on_labels() -> None:
    without, full = measured(False, False), measured(True, True)
    gate = parse_gate("statistical_parity<=0.3; disparate_impact>=0.5; selection_rate>=0.2 @ sex")
    ours, theirs = (decide(gate, each.counts, each.audit) for each in (without, full))
    pd.testing.assert_frame_equal(ours.table, theirs.table)
    for term in ("accuracy>=0.5", "roc_auc>=0.5", "equality_of_opportunity_difference<=0.1"):
        with pytest.raises(RequestError, match="needs the true labels, which were not given"):
            decide(parse_gate(term), without.counts, without.audit)
    with pytest.raises(RequestError, match="needs scores, which were not given; give score"):
        parse_gate("roc_auc>=0.5").check([SEX, RACE], scored=False)
    parse_gate("accuracy>=0.5").check([SEX, RACE], scored=False)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["rows", "weights"])
def test_the_report_shows_what_is_there_and_lists_what_is_not(weight: object) -> None:
    for label, score in ((False, False), (False, True), (True, False)):
        part = measured(label, score, weight=weight)
        shown = show(part, hidden_groups(part.counts, 5))
        noted = replace(ORIGIN, notes=("where=year=2025: 900 of 1,000 rows are left",))
        page = render_report(shown, noted, draw_evaluation(shown))
        assert "<dd>where=year=2025: 900 of 1,000 rows are left.</dd>" in page
        assert "the decisions “hired” on people.csv" in page
        assert "Not measured:" in page
        assert "the decision is hired = “yes”" in page
        for word in ("the model", "Which columns the score"):
            assert word not in page.partition("Definitions")[0].replace("the model does", "")
        assert ("Confusion matrices" in page) is label
        assert 'id="scores"' not in page
        assert ("Scoring rates" in page) is (score and weight is None)


def test_an_audit_of_counts_without_labels_has_no_number_that_needs_them() -> None:
    counts = Counts.from_arrays([SEX, RACE], POSITIONS, None, PREDICTION)
    found = audit(counts)
    assert {*found.rates["metric"]} == {"selection_rate"}
    selection = {"statistical_parity", "disparate_impact", "four_fifths_rule", "cohen_d"}
    assert {*found.compared["metric"]} == selection | {"2sd_rule"}
