"""Conditional parity and unknown groups as further analyses of a run."""

import numpy as np
import pandas as pd
import pytest

from fairrun.data import Decisions
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.metrics import evaluate_predictions, hidden_groups, show
from fairrun.runs.analyses import Analyses, run_analyses

SEX = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
RACE = ProtectedColumn("race", ("White", "Black"), ("White",), ("Black",))


def decisions(n=600, n_missing=0):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "sex": rng.choice(["Male", "Female"], n),
            "race": rng.choice(["White", "Black"], n),
            "level": rng.choice(["low", "high"], n),
            "p": rng.random(n),
        }
    ).astype({"sex": object})
    frame.loc[: n_missing - 1, "sex"] = None
    return Decisions(frame, rng.integers(0, 2, n), label=rng.integers(0, 2, n))


def analysed(asked, rows, protected=(SEX, RACE)):
    evaluation = evaluate_predictions(
        protected,
        [column.positions(rows.frame) for column in protected],
        rows.label,
        rows.prediction,
        None,
    )
    evaluation = show(evaluation, hidden_groups(evaluation.counts))
    return run_analyses(asked, rows, protected, evaluation)


def test_nothing_is_added_without_factors_and_without_unknown_rows():
    assert analysed(Analyses(), decisions()) == []


def test_factors_give_tables_plots_and_metrics_of_every_column():
    (found,) = analysed(Analyses(given=("level",)), decisions())
    assert set(found.tables) == {"conditional", "conditional_strata"}
    assert set(found.plots) == {"conditional", "conditional_2"} == dict(found.section.plots).keys()
    pooled = found.tables["conditional"].set_index(["protected", "metric", "estimate"])["value"]
    metric = found.metrics["conditional_statistical_parity/race"]
    assert metric == pooled["race", "statistical_parity", "mantel_haenszel"]
    cdd = found.metrics["conditional_demographic_disparity"]
    assert cdd == pooled["sex", "conditional_demographic_disparity", "standardised"]
    assert "within strata" in found.plots["conditional"].alt


def test_rows_in_no_bin_are_said():
    (found,) = analysed(Analyses(given=("p:0..0.3..0.6",)), decisions())
    assert any("a number in no bin" in sentence for sentence in found.said)
    assert "in all strata together" in found.said[0]


def test_a_membership_that_is_the_decision_is_refused():
    asked = Analyses(membership=("Male:decision",))
    with pytest.raises(RequestError, match="membership=decision is also prediction"):
        asked.check_columns({"prediction": "decision", "score": None})


def test_unknown_rows_give_bounds_without_being_asked_for():
    (found,) = analysed(Analyses(), decisions(n_missing=90))
    assert set(found.tables["unknown_groups"]["protected"]) == {"sex"}
    assert list(found.plots) == ["unknown_groups"]
    assert found.said[0].startswith("sex is unknown in 15.0% of the rows")
    assert found.tables["unknown_groups"]["membership"].isna().all()


def test_too_few_unknown_rows_give_no_section():
    assert analysed(Analyses(), decisions(n_missing=3)) == []


def test_membership_is_for_the_first_column():
    (found,) = analysed(Analyses(membership=("p",)), decisions(n_missing=90))
    assert found.tables["unknown_groups"]["membership"].notna().all()
    assert found.section.anchor == "unknown-groups"


def test_a_bad_factor_is_refused_before_anything_is_shown():
    with pytest.raises(RequestError, match="given=levl is not a column of the data"):
        analysed(Analyses(given=("levl",)), decisions())
