from __future__ import annotations

from dataclasses import replace

import mlflow
import numpy as np
import pytest

from fairrun.data import Dataset, prepare
from fairrun.groups import ProtectedColumn
from fairrun.runs.sweep_reach import say_out_of_reach
from fairrun.sweep.objectives import read_constraint
from tests.people import SPEC, make_raw


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return prepare(SPEC, make_raw(1200, seed=3))


@pytest.fixture
def tags(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    found: dict[str, str] = {}
    monkeypatch.setattr(mlflow, "set_tag", found.__setitem__)
    return found


def clustered(dataset: Dataset) -> Dataset:
    rows = dataset.splits["validation"]
    in_clusters = replace(rows, cluster=np.arange(len(rows)) // 2)
    spec = replace(dataset.spec, cluster="household")
    return replace(dataset, spec=spec, splits={**dataset.splits, "validation": in_clusters})


def said(constraint: str, dataset: Dataset, folds: int) -> tuple[str, ...]:
    frame, spec = dataset.splits["train"].frame, dataset.spec
    columns = [ProtectedColumn.from_frame(frame, each) for each in spec.protected]
    return say_out_of_reach(read_constraint(constraint, columns), dataset, columns, folds=folds)


@pytest.mark.parametrize("folds", [1, 3])
def test_no_gate_can_decide_a_term_about_scores_of_clustered_rows(
    folds: int, dataset: Dataset, tags: dict[str, str]
) -> None:
    """With folds, such a constraint passes on validation, but not at the gate of the test rows."""
    (sentence,) = said("accuracy>=0.5; roc_auc>=0.6", clustered(dataset), folds)
    assert sentence.startswith("with cluster=household, no gate can decide roc_auc>=0.6, because")
    assert tags == {"sweep.constraint_reachable": "false"}


@pytest.mark.parametrize(
    ("constraint", "folds", "reachable"),
    [
        ("statistical_parity<=0.4", 1, "true"),
        ("statistical_parity<=0.05", 1, "false"),
        ("statistical_parity<=0.05", 3, None),
    ],
)
def test_a_constraint_that_few_rows_cannot_show_is_said(
    constraint: str, folds: int, reachable: str | None, dataset: Dataset, tags: dict[str, str]
) -> None:
    sentences = said(constraint, dataset, folds)
    assert tags.get("sweep.constraint_reachable") == reachable
    assert [" rows are too few to show " in each for each in sentences] == [True] * (
        reachable == "false"
    )
