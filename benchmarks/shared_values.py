"""What it costs that a saved model has no value of one row.

    python benchmarks/shared_values.py [--adult PATH] [--seeds 10]

The disparate impact remover and boosted trees are fitted twice on the same splits: on the values of
single rows, and as fairrun does, on values that at least 8 rows share and on means of at least 8.
The table has the mean of each metric on the test rows over all seeds, and the mean and standard
deviation of the differences.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import _project  # noqa: F401
import numpy as np

from fairrun.data import DataRequest, Dataset, prepare, resolve_spec
from fairrun.groups import ProtectedColumn
from fairrun.metrics import evaluate_predictions
from fairrun.training import FairClassifier
from fairrun.training.shared_values import ROWS_A_MEAN, pool

CASES: dict[str, dict[str, Any]] = {
    "disparate_impact_remover": {"mitigator": "disparate_impact_remover"},
    "boosted": {"estimator": "hist_gradient_boosting"},
    "boosted disparate_impact_remover": {
        "estimator": "hist_gradient_boosting",
        "mitigator": "disparate_impact_remover",
    },
}
METRICS = ("accuracy", "roc_auc", "disparate_impact")


@contextmanager
def fewest_rows(fewest: int) -> Iterator[None]:
    """Fit with another number of rows in the block."""
    with ExitStack() as changed:
        for name, value in {
            "mitigation.disparate_impact_remover.ROWS_A_MEAN": fewest,
            "boosting.pool": partial(pool, fewest=fewest),
        }.items():
            changed.enter_context(mock.patch(f"fairrun.training.{name}", value))
        yield


def measure(dataset: Dataset, parameters: dict[str, Any]) -> list[float]:
    """Fit on the training rows, and return the metrics of the test rows."""
    train, test = dataset.splits["train"], dataset.splits["test"]
    model = FairClassifier.for_dataset(dataset.spec, **parameters).fit(train.frame, train.label)
    answers = model.inference_.predict(test.frame)
    column = ProtectedColumn.from_frame(train.frame, dataset.spec.protected[0])
    metrics = evaluate_predictions(
        [column],
        [column.positions(test.frame)],
        test.label,
        answers["prediction"].to_numpy(),
        answers["probability"].to_numpy(),
    ).metrics
    return [metrics[name] for name in METRICS]


def main() -> None:
    """Measure all cases, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--adult", help="a Parquet file of UCI Adult")
    parser.add_argument("--seeds", type=int, default=10)
    told = parser.parse_args()
    requests = {"census": lambda seed: DataRequest(data="census", splits={"seed": seed})}
    if told.adult:
        requests["UCI Adult"] = lambda seed: DataRequest(
            data=told.adult,
            target="class",
            positive=">50K",
            protected=["sex"],
            privileged=["Male"],
            drop=["race", "education-num"],
            splits={"seed": seed},
        )
    print("| model | data | metric | values of single rows | shared values | difference |")
    print("| :--- | :--- | :--- | ---: | ---: | ---: |")
    splits = {
        data: [prepare(resolve_spec(request(seed))) for seed in range(told.seeds)]
        for data, request in requests.items()
    }
    for label, parameters in CASES.items():
        for data, own in splits.items():
            found = []
            for fewest in (1, ROWS_A_MEAN):
                with fewest_rows(fewest):
                    found.append([measure(split, parameters) for split in own])
            one, shared = map(np.array, found)
            for place, metric in enumerate(METRICS):
                apart = (shared - one)[:, place]
                print(
                    f"| {label} | {data} | {metric} | {one[:, place].mean():.4f} "
                    f"| {shared[:, place].mean():.4f} | {apart.mean():+.4f} ± {apart.std():.4f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
