"""The time of holisticai's tutorial loop, as published, compared with fairrun's `main`.

    python benchmarks/tutorial.py [--adult PATH] [--pairs 3] [--save]

The tutorial's side runs holisticai's mitigators in its Pipeline with a logistic regression. Each
run is logged to a new SQLite store with its metrics, holisticai's table and the pipeline as a
cloudpickled pyfunc. Requirements are not pinned, so MLflow infers them for each run. Learning fair
representation is left out on this side, because holisticai's fit alone takes minutes.

fairrun's side runs `python -m fairrun main` with the same four methods and with its own learning
fair representation, on the same rows and a new SQLite store. It includes evaluation, comparison and
charts.

Each side runs in its own process, first the tutorial and then fairrun, pair after pair, so a change
of the machine's speed affects both. Wall seconds are the time that a user waits. Processor seconds
of all threads show how much of it was the machine's other work. Without --adult, the rows are those
of the built-in census.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _project import ROOT
from _results import Measurement, add_save

#: What the figures depend on.
CODE = (
    "fairrun/data",
    "fairrun/training",
    "fairrun/metrics",
    "fairrun/models",
    "fairrun/runs",
    "fairrun/tracking",
)

MITIGATORS = (
    "none",
    "reweighing",
    "correlation_remover",
    "disparate_impact_remover",
    "learning_fair_representation",
)


def theirs(adult: str | None) -> None:
    """Run the tutorial's loop in this process, and print the seconds of fitting and log_model."""
    import mlflow
    import numpy as np
    import pandas as pd
    from holisticai.bias.metrics import (
        classification_bias_metrics,
        disparate_impact,
        statistical_parity,
    )
    from holisticai.bias.mitigation import CorrelationRemover, Reweighing
    from holisticai.bias.mitigation.preprocessing.disparate_impact_remover import (
        DisparateImpactRemover,
    )
    from holisticai.pipeline import Pipeline
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from sklearn.model_selection import train_test_split

    from fairrun.data.census import load_census

    raw = (pd.read_parquet(adult) if adult else load_census()).dropna().reset_index(drop=True)
    y = (raw["class"] == ">50K").astype(int)
    features = raw.drop(columns=["class", "sex", "race", "education-num"])
    X = pd.get_dummies(features).astype(np.float64)
    group_a, group_b = raw["sex"] == "Male", raw["sex"] == "Female"
    parts = train_test_split(X, y, group_a, group_b, test_size=0.2, random_state=0)
    X_train, X_test, y_train, y_test, a_train, a_test, b_train, b_test = parts

    class Served(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def __init__(self, pipeline: object) -> None:
            self.pipeline = pipeline

        def predict(self, context: object, model_input: pd.DataFrame) -> object:  # noqa: ARG002
            return self.pipeline.predict(model_input)  # type: ignore[attr-defined]

    mitigators = {
        "none": None,
        "reweighing": Reweighing(),
        "correlation_remover": CorrelationRemover(),
        "disparate_impact_remover": DisparateImpactRemover(),
    }
    fitting = logging = 0.0
    for name, mitigator in mitigators.items():
        with mlflow.start_run(run_name=name):
            started = time.perf_counter()
            steps: list[tuple[str, object]] = [("estimator", LogisticRegression())]
            if mitigator is None:
                pipeline = Pipeline(steps=steps)
                pipeline.fit(X_train, y_train)
                predicted = pipeline.predict(X_test)
            else:
                pipeline = Pipeline(steps=[("bm_preprocessing", mitigator), *steps])
                pipeline.fit(X_train, y_train, bm__group_a=a_train, bm__group_b=b_train)
                predicted = pipeline.predict(X_test, bm__group_a=a_test, bm__group_b=b_test)
            fitted = time.perf_counter()
            mlflow.log_metric("accuracy", accuracy_score(y_test, predicted))
            mlflow.log_metric("disparate_impact", disparate_impact(a_test, b_test, predicted))
            mlflow.log_metric("statistical_parity", statistical_parity(a_test, b_test, predicted))
            table = classification_bias_metrics(a_test, b_test, predicted, y_test)
            mlflow.log_table(table.reset_index(), "bias_metrics.json")
            measured = time.perf_counter()
            mlflow.pyfunc.log_model(name="model", python_model=Served(pipeline))
            fitting += fitted - started
            logging += time.perf_counter() - measured
    print(f"fit and predict {fitting:.1f} s, log_model {logging:.1f} s")


def ours(adult: str | None) -> list[str]:
    """Return the command of fairrun's side."""
    command = [sys.executable, "-m", "fairrun", "main", "--mitigators", ",".join(MITIGATORS)]
    if adult is None:
        return command
    said = (
        f"--data {adult} --target class --protected sex --privileged Male --drop education-num,race"
    )
    return [*command, *said.split(), "--positive", ">50K"]


def seconds_of(command: list[str]) -> tuple[float, float, str]:
    """Run a command with a new store; return wall seconds, processor seconds and its last line."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "PYTHONPATH": str(ROOT),
        }
        before = _processor_seconds()
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.stderr)
    last = (done.stdout.strip().splitlines() or [""])[-1]
    return seconds, _processor_seconds() - before, last


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Time both sides, pair after pair, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", help="UCI Adult as Parquet; the embedded census without it")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--theirs", action="store_true", help=argparse.SUPPRESS)
    add_save(parser)
    arguments = parser.parse_args()
    adult = str(Path(arguments.adult).resolve()) if arguments.adult else None
    if arguments.theirs:
        theirs(adult)
        return
    their_command = [sys.executable, str(Path(__file__).resolve()), "--theirs"]
    measurement = Measurement(CODE)
    ratios = []
    rows = []
    for pair in range(1, arguments.pairs + 1):
        theirs_took, theirs_worked, where = seconds_of(
            their_command + (["--adult", adult] if adult else [])
        )
        ours_took, ours_worked, _ = seconds_of(ours(adult))
        ratios.append(ours_took / theirs_took)
        rows.append(
            {
                "pair": pair,
                "theirs_seconds": theirs_took,
                "theirs_processor": theirs_worked,
                "ours_seconds": ours_took,
                "ours_processor": ours_worked,
            }
        )
        print(
            f"pair {pair}: theirs {theirs_took:.1f} s ({where}; processor {theirs_worked:.1f} s), "
            f"ours {ours_took:.1f} s (processor {ours_worked:.1f} s), "
            f"ours / theirs {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"median of ours / theirs: {statistics.median(ratios):.2f}")
    if arguments.save:
        measurement.save("tutorial", rows)


if __name__ == "__main__":
    main()
