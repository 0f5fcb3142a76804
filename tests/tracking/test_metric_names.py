"""The names of metrics in MLflow."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import _validate_metric_name

from fairrun.gate import GATE_METRICS
from fairrun.metrics import BIAS_METRICS, INEQUALITY_METRICS, PERFORMANCE_METRICS
from fairrun.tracking.metric_names import (
    former_metric_name,
    loggable,
    metric_name,
    metrics_by_name,
    place_of_headline,
)

#: Names of columns that differ only in characters that MLflow refuses, or in what it cuts off.
LIKE = ["a=b", "a(b", "a_b", "a/b", "a%b", "..", "_", ".", "a" * 300, "a" * 299 + "b", "a" * 299]
#: Names of columns that MLflow allows, and that mean something else as a name of a metric.
PLAIN = ["race", "marital status", "größe", "a.b-c", "interval", "overall", "accuracy", "sex:race"]

OF_GROUPS = sorted({*BIAS_METRICS, "roc_auc_difference", "abroca"})
METRICS = sorted({*GATE_METRICS, *BIAS_METRICS, *INEQUALITY_METRICS, *PERFORMANCE_METRICS})
ENDS = ["", "_ci_low", "_ci_high", "_worst", "_worst_ci_low"]


def test_different_metrics_have_different_names_that_mlflow_allows() -> None:
    columns = ["", *(f"/{column}" for column in LIKE + PLAIN)]
    metrics = {
        f"{metric}{end}{column}": float(number)
        for number, (metric, end, column) in enumerate(
            itertools.product(["disparate_impact", "cohen_d"], ENDS, columns)
        )
    }
    logged = loggable(metrics, "sex")
    assert list(logged.values()) == list(metrics.values())
    for name in logged:
        _validate_metric_name(name)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("first", ["sex", "a=b", "overall", "accuracy"])
def test_what_is_logged_is_read_by_the_same_name(first: str) -> None:
    """Without keys for columns that MLflow allows, and with keys for the others."""
    others = [column for column in PLAIN if column != first]
    names = [f"{metric}{end}" for metric in METRICS for end in ENDS]
    names += [f"{m}{end}/{column}" for m in OF_GROUPS for end in ENDS for column in others]
    plain = {name: float(number) for number, name in enumerate(names)}
    strange = {f"disparate_impact{end}/{column}": 0.5 for column in LIKE for end in ENDS}
    strange = {name: value for name, value in strange.items() if not name.endswith(f"/{first}")}
    logged = {metric_name(name, first): value for name, value in (plain | strange).items()}
    assert metrics_by_name(logged, first, strange) == plain | strange


@given(
    st.dictionaries(
        st.sampled_from(
            [f"{m}{e}" for m in METRICS for e in ENDS]
            + [f"{m}{e}/{c}" for m in OF_GROUPS for e in ENDS for c in ("race", "sex:race")]
        ),
        st.floats(allow_nan=False, allow_infinity=False),
    )
)
def test_metrics_of_earlier_versions_are_read(metrics: dict[str, float]) -> None:
    """Before 0.2, a metric was logged by its name inside fairrun."""
    assert metrics_by_name(metrics, "sex") == metrics


def test_a_name_that_columns_shared_in_earlier_versions_is_not_read() -> None:
    keys = ["accuracy", "x/a=b", "x/a(b", "x/a%c"]
    assert [former_metric_name(key) for key in keys] == ["accuracy", "x/a_b", "x/a_b", "x/a_c"]
    read = metrics_by_name({"accuracy": 1.0, "x/a_b": 2.0, "x/a_c": 3.0}, "sex", keys)
    assert (read["accuracy"], read["x/a%c"]) == (1, 3)
    assert not {"x/a=b", "x/a(b"} & read.keys()


def test_few_metrics_come_first() -> None:
    names = [
        f"{metric}{end}{column}" for metric in METRICS for end in ENDS for column in ("", "/race")
    ]
    flat = [name for name in loggable(dict.fromkeys(names, 1.0), "sex") if "/" not in name]
    assert len(flat) == 21, flat
    assert [name for name in flat if name.endswith("_ci_low")] == [
        f"{name}_ci_low" for name in ("accuracy", "disparate_impact", "statistical_parity")
    ]


def test_the_accuracy_is_first() -> None:
    names = ["disparate_impact/race", "selection_rate", "accuracy_ci_low", "accuracy", "roc_auc"]
    ordered = sorted(names, key=place_of_headline)
    assert set(ordered[:2]) == {"accuracy", "accuracy_ci_low"}
    assert ordered[2:] == ["roc_auc", "selection_rate", "disparate_impact/race"]
