"""The scan of subgroups as an analysis of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fairrun.data import Decisions
from fairrun.groups import ProtectedColumn
from fairrun.metrics import Evaluation, Hidden, evaluate_predictions
from fairrun.runs.analysis import NO_ANALYSES, Analyses
from fairrun.runs.subgroups import analyse_subgroups
from tests.metrics.test_subgroups import people, selections

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
AGE = ProtectedColumn("age", ("<40", ">=40"), ("<40",), (">=40",), ranges=True)


def evaluated(decisions: Decisions, min_cell: int = 5) -> Evaluation:
    positions = [SEX.positions(decisions.frame)]
    evaluation = evaluate_predictions([SEX], positions, None, decisions.prediction, None)
    return replace(evaluation, hidden=Hidden(min_cell))


def decisions_of(seed: int = 0) -> Decisions:
    frame = people(seed)
    y = selections(frame, seed)
    return Decisions(frame.assign(hired=y), y, outcomes=("hired",))


def test_nobody_asked() -> None:
    decisions = decisions_of()
    assert analyse_subgroups(NO_ANALYSES, decisions, [SEX], evaluated(decisions)) is None


def test_the_column_of_decisions_is_no_feature() -> None:
    decisions = decisions_of()
    found = analyse_subgroups(Analyses(subgroups=2), decisions, [SEX], evaluated(decisions))
    assert found is not None
    table = found.tables["subgroups"]
    assert table.iloc[0]["group_a"] == "sex = Female and region = south"
    assert not table["protected"].str.contains("hired").any()
    assert found.metrics["subgroups_confirmed"] == 1
    assert found.said[0].startswith("subgroups: 1 of ")
    assert found.plots["subgroups"].png.startswith(b"\x89PNG")
    assert found.section.anchor == "subgroups"


def test_declared_ranges_are_not_cut_again() -> None:
    frame = people(3)
    old = (frame["age"] >= 40).to_numpy()
    y = (np.random.default_rng(103).random(len(frame)) < np.where(old, 0.3, 0.6)).astype(int)
    decisions = Decisions(frame, y)
    found = analyse_subgroups(Analyses(subgroups=1), decisions, [SEX, AGE], evaluated(decisions))
    assert found is not None
    assert found.tables["subgroups"].iloc[0]["group_a"] in ("age >=40", "age <40")


def test_the_smallest_number_of_rows_is_that_of_the_evaluation() -> None:
    decisions = decisions_of()
    found = analyse_subgroups(
        Analyses(subgroups=2), decisions, [SEX], evaluated(decisions, min_cell=400)
    )
    assert found is not None
    assert (found.tables["subgroups"]["n_search"] >= 400).all()
