"""A sweep compared with fairlearn's GridSearch and ExponentiatedGradient, on one split.

    mlflow run . -e sweep -P data=PATH … -P method=bayesian -P trials=200
    python benchmarks/sweep_frontier.py --adult PATH --run RUN_ID [--figure docs/sweep_frontier.png]
        [--result sweep_frontier]

The run is a sweep on UCI Adult with sex as the first protected column and the default split. The
other methods are those of `benchmarks/frontier.py`, with logistic regression on the same encoded
rows: GridSearch with 13 multipliers and ExponentiatedGradient with 4 bounds, each without and with
the group as a column. The chart shows all of their settings, measured on validation like the
trials. For each limit, the table shows the test results of each method's setting with the highest
validation accuracy within the limit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import _project  # noqa: F401
import mlflow
import numpy as np
import pandas as pd
from _frontier_choice import measure
from _frontier_methods import Candidate, Labels, exponentiated_gradient, grid_search
from _frontier_problem import Problem, load_problem
from _results import Measurement

from fairrun.data import prepare
from fairrun.figures import Axis, plot_sweep, to_png
from fairrun.sweep.trial import TrialResult, make_classifier
from fairrun.tracking.datasets import read_spec
from fairrun.tracking.trials import ChildRuns

#: What the figures depend on.
CODE = ("benchmarks/_frontier_methods.py", "fairrun/sweep", "fairrun/training")

AXES = (
    Axis("accuracy", "accuracy", lower_is_better=False),
    Axis("distance", "|statistical parity|", lower_is_better=True),
)
LIMITS = (0.02, 0.05, 0.10, 0.15)
PEERS: dict[str, Callable[[Problem], Iterator[tuple[str, dict[str, Labels]]]]] = {
    "GridSearch": grid_search,
    "ExponentiatedGradient": exponentiated_gradient,
}


def main() -> None:
    """Run the benchmark, print the table and draw the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--adult", required=True)
    parser.add_argument("--run", required=True)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--peers", type=Path, help="keeps what the peers came to, for next time")
    parser.add_argument("--result", help="the name of the file in benchmarks/results/")
    given = parser.parse_args()
    measurement = Measurement(CODE, packages=["fairlearn", "optuna"])
    problem = load_problem(given.adult, "sex", "logistic_regression", 0)
    points, labels_of = _trials(given.run, problem)
    if given.peers and given.peers.exists():
        found = pd.read_csv(given.peers)
    else:
        found = pd.concat([_points(name, problem) for name in PEERS])
    if given.peers:
        found.to_csv(given.peers, index=False)
    peers = {name: found[found["method"] == name] for name in PEERS}
    if given.figure:
        flat = {name: table[["accuracy", "distance"]] for name, table in peers.items()}
        title = "A sweep on Adult, and fairlearn's two reductions"
        figure = plot_sweep(points, AXES, ("Male", "Female"), peers=flat, title=title)
        given.figure.write_bytes(to_png(figure))
    above = _beaten(points, peers)
    rows: list[dict[str, object]] = []
    print("\n| within | method | validation | test |\n|---|---|---|---|")
    chosen = points[points["chosen"]].iloc[0]
    labels = {"test": labels_of(int(chosen["number"]))}
    test = measure(problem, Candidate("sweep", "", labels), "test")
    of_chosen = {
        "trial": chosen["number"],
        "validation_accuracy": chosen["accuracy"],
        "validation_distance": chosen["distance"],
        "test_accuracy": test.accuracy,
        "test_distance": abs(test.difference),
    }
    for limit in LIMITS:
        within = points[points["distance"] <= limit]
        best = within.loc[within["accuracy"].idxmax()]
        labels = {"test": labels_of(int(best["number"]))}
        test = measure(problem, Candidate("sweep", "", labels), "test")
        name = f"sweep, trial {best['number']} ({best['mitigator']})"
        found = (best["accuracy"], best["distance"], test.accuracy, test.difference)
        rows.append(_print(limit, name, *found))
        for name, table in peers.items():
            within = table[table["distance"] <= limit]
            if len(within):
                row = within.loc[within["accuracy"].idxmax()]
                on_test = (row["test_accuracy"], row["test_difference"])
                rows.append(_print(limit, name, row["accuracy"], row["distance"], *on_test))
    if given.result:
        n_settings = {name: len(table) for name, table in peers.items()}
        more = {"trials": len(points), "settings": n_settings, "above": above}
        measurement.save(given.result, rows, chosen=of_chosen, **more)


def _trials(run_id: str, problem: Problem) -> tuple[pd.DataFrame, Callable[[int], Labels]]:
    """Return the trials of a sweep, and a function that refits one and predicts the test rows."""
    run, spec = mlflow.get_run(run_id), read_spec(run_id)
    dataset = prepare(spec)
    for name, rows in dataset.splits.items():
        if (rows.label != problem.label[name]).any():
            raise SystemExit(f"the run {run_id} has another split than the peers")
    results = {r.number: r for r in ChildRuns(run, spec, 0).read().results}
    table = pd.DataFrame(_row(each) for each in results.values() if each.state == "complete")
    beaten = [
        ((table["accuracy"] >= a) & (table["distance"] < d)).any()
        or ((table["accuracy"] > a) & (table["distance"] <= d)).any()
        for a, d in zip(table["accuracy"], table["distance"], strict=True)
    ]
    chosen = mlflow.get_run(run.data.tags["sweep.chosen_run_id"]).data.tags["sweep.trial"]
    points = table.assign(frontier=~np.array(beaten), chosen=table["number"] == int(chosen))

    def labels_of(number: int) -> Labels:
        train, test = dataset.splits["train"], dataset.splits["test"]
        classifier = make_classifier(spec, results[number].parameters, 0)
        return classifier.fit(train.frame, train.label).predict(test.frame)

    return points, labels_of


def _row(result: TrialResult) -> dict[str, object]:
    found = result.metrics
    low, high = (found[f"statistical_parity_ci_{end}"] for end in ("low", "high"))
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return {
        "number": result.number,
        "mitigator": result.parameters.get("mitigator", "none"),
        "accuracy": found["accuracy"],
        "accuracy_low": found["accuracy_ci_low"],
        "accuracy_high": found["accuracy_ci_high"],
        "distance": abs(found["statistical_parity"]),
        "distance_low": nearest,
        "distance_high": max(abs(low), abs(high)),
    }


def _points(name: str, problem: Problem) -> pd.DataFrame:
    rows = []
    for suffix, given in (("", problem), (" + group column", problem.with_group())):
        for setting, labels in PEERS[name](given):
            candidate = Candidate(name, setting, labels)
            on = {split: measure(problem, candidate, split) for split in labels}
            rows.append(
                {
                    "method": name,
                    "setting": setting + suffix,
                    "accuracy": on["validation"].accuracy,
                    "distance": abs(on["validation"].difference),
                    "test_accuracy": on["test"].accuracy,
                    "test_difference": on["test"].difference,
                }
            )
    return pd.DataFrame(rows)


def _beaten(points: pd.DataFrame, peers: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Return the settings of the other methods that beat the sweep, and by how much."""
    found: list[dict[str, object]] = []
    for name, table in peers.items():
        reached = [
            points.loc[points["distance"] <= distance, "accuracy"].max()
            for distance in table["distance"]
        ]
        above = (table["accuracy"] - reached).fillna(np.inf)
        print(f"{name}: {(above > 0).sum()} of {len(table)} settings above the frontier")
        for setting, gap, distance in zip(table["setting"], above, table["distance"], strict=True):
            if gap > 0:
                print(f"  {setting}: by {gap:.4f}, at a distance of {distance:.3f}")
                of = {"method": name, "setting": setting}
                found.append(of | {"gap": gap, "distance": distance})
    return found


def _print(limit: float, name: str, *numbers: float) -> dict[str, object]:
    accuracy, distance, test_accuracy, test_difference = numbers
    print(
        f"| {limit:.2f} | {name} | {accuracy:.4f} ({distance:.3f}) "
        f"| {test_accuracy:.4f} ({abs(test_difference):.3f}) |"
    )
    return {
        "within": limit,
        "method": name,
        "validation_accuracy": accuracy,
        "validation_distance": distance,
        "test_accuracy": test_accuracy,
        "test_distance": abs(test_difference),
    }


if __name__ == "__main__":
    main()
