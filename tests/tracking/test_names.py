"""The names of metrics in MLflow."""

from __future__ import annotations

import itertools

import pytest
from mlflow.utils.validation import _validate_metric_name

from fairrun.tracking.evaluation import loggable
from fairrun.tracking.names import former_metric_name, metric_name
from fairrun.tracking.trials import _logged_names

#: Names of columns that differ only in characters that MLflow refuses, or in what it cuts off.
LIKE = ["a=b", "a(b", "a_b", "a/b", "a%b", "..", "_", ".", "a" * 300, "a" * 299 + "b", "a" * 299]


def test_columns_share_no_name() -> None:
    metrics = {
        f"{metric}/{column}": float(number)
        for number, (metric, column) in enumerate(
            itertools.product(["disparate_impact", "disparate_impact_ci_low"], LIKE)
        )
    }
    logged = loggable(metrics)
    assert list(logged.values()) == list(metrics.values())
    for name in logged:
        _validate_metric_name(name)  # type: ignore[no-untyped-call]
        assert len(name) <= 250


@pytest.mark.parametrize("column", ["sex", "marital status", "sex:race", "größe", "a.b-c"])
def test_a_name_that_mlflow_allows_is_kept(column: str) -> None:
    name = f"disparate_impact/{column}"
    assert metric_name(name) == name == former_metric_name(name)


def test_a_sweep_reads_the_names_of_this_and_of_earlier_versions() -> None:
    keys = ["accuracy", "x/a=b", "x/a(b", "x/a%c"]
    names = _logged_names(keys)
    assert [names[metric_name(key)] for key in keys] == keys
    assert names["x/a_c"] == "x/a%c"
    assert "x/a_b" not in names
