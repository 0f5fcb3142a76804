"""The time for explanations and counterfactual hints of 1,000 census rows.

    python benchmarks/explanations.py [--rounds 15] [--save]

The program calls the model's `predict` on a DataFrame as MLflow does: without parameters, with
`explain`, and with `counterfactuals`. The three take turns, round after round. The table shows the
smallest processor time of each, because other work on a shared machine only makes a round slower.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from _results import Measurement, add_save

from fairrun.data import DataRequest, prepare, resolve_spec
from fairrun.inference import save_model
from fairrun.inference.pyfunc import ARTIFACT_NAME, FairModel
from fairrun.training import FairClassifier

#: What the figures depend on.
CODE = ("fairrun/inference", "fairrun/training")

LINEAR = ("none", "group_thresholds", "correlation_remover", "disparate_impact_remover")
CASES: dict[str, dict[str, Any]] = {name: {"mitigator": name} for name in LINEAR} | {
    "prejudice_remover": {"mitigator": "prejudice_remover"},
    "boosted": {"estimator": "hist_gradient_boosting"},
    "boosted correlation_remover": {
        "mitigator": "correlation_remover",
        "estimator": "hist_gradient_boosting",
    },
    "learning_fair_representation": {"mitigator": "learning_fair_representation"},
    "exponentiated_gradient": {
        "mitigator": "exponentiated_gradient",
        "mitigator_params": {"max_iter": 10},
    },
}
N_ROWS, N_TRAIN = 1000, 8000


def main() -> None:
    """Measure all cases and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    add_save(parser)
    given = parser.parse_args()
    rounds = given.rounds
    measurement = Measurement(CODE)
    found: list[dict[str, object]] = []
    people = prepare(resolve_spec(DataRequest("census")))
    train, rows = people.splits["train"], people.splits["test"].frame.head(N_ROWS)
    print("| model | explained | predicted, ms | with reasons, ms | ratio | with hints, ms |")
    print("| :--- | :--- | ---: | ---: | ---: | ---: |")
    for label, told in CASES.items():
        spec = people.spec
        classifier = FairClassifier(
            spec.protected[0], drop=["race"], changeable=spec.changeable, **told
        )
        classifier.fit(train.frame.head(N_TRAIN), train.label[:N_TRAIN])
        served = FairModel()
        with tempfile.TemporaryDirectory() as folder:
            save_model(classifier.inference_, folder)
            served.load_context(SimpleNamespace(artifacts={ARTIFACT_NAME: Path(folder)}))  # type: ignore[arg-type]
        sampled = classifier.inference_.explain(rows.head(1)).standard_errors is not None
        asked: dict[str, dict[str, bool]] = {
            "predicted": {},
            "explained": {"explain": True},
            "hinted": {"counterfactuals": True},
        }
        times: dict[str, list[float]] = {name: [] for name in asked}
        for _ in range(2 if sampled else rounds):
            for name, parameters in asked.items():
                started = time.process_time()
                served.predict(None, rows, parameters)
                times[name].append(1000 * (time.process_time() - started))
        without, explained, hinted = (min(taken) for taken in times.values())
        found.append(
            {
                "model": label,
                "sampled": sampled,
                "predicted_ms": without,
                "explained_ms": explained,
                "hinted_ms": hinted,
            }
        )
        how = "sampled" if sampled else "exactly"
        print(
            f"| {label} | {how} | {without:.1f} | {explained:.1f} | {explained / without:.1f} "
            f"| {hinted:.0f} |",
            flush=True,
        )
    if given.save:
        measurement.save("explanations", found, n_rows=N_ROWS)


if __name__ == "__main__":
    main()
