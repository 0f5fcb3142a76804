"""The metrics of a sweep's chosen model, on validation and test rows."""

from __future__ import annotations

import math

from fairrun.runs.sweep_outcome import _compare, _said


def test_an_undefined_metric_is_treated_as_one_that_was_not_logged() -> None:
    """So a resumed sweep, which reads its trials from the store, has the same table."""
    test = {"accuracy": 0.8, "roc_auc": math.nan, "disparate_impact": 2.0, "precision": math.nan}
    undefined = {"accuracy": 0.7, "roc_auc": math.nan, "disparate_impact": math.nan}
    logged = {"accuracy": 0.7}
    table = _compare(undefined, test)
    assert list(table["metric"]) == ["accuracy", "disparate_impact"]
    assert table.equals(_compare(logged, test))


def test_the_page_has_words_for_a_missing_value() -> None:
    assert (_said(0.1094), _said(math.nan)) == ("0.109", "no value")
