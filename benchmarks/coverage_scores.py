"""Simulated coverage of the 95 % intervals of metrics of scores.

    python benchmarks/coverage_scores.py [--simulations 400] [--save]

Areas under the ROC curve: samples with known numbers of positives and negatives, whose scores are
normal with equal variances or with positives that vary half or twice as much ("binormal"), or where
a share of the positives has the scores of negatives and the others have the highest scores
("mixed"). Each line has five areas, from 0.6 to 0.995.

Brier score and calibration: rows with known P(label = 1) and a score that is calibrated,
overconfident (its log-odds doubled), underconfident (halved), the base rate for every row, or near
0.5.

Area between ROC curves: two groups with normal scores whose curves are the same, differ, or cross.

For each cell the results have the coverage and the shares of intervals that lie wholly above and
wholly below the true value: how often a gate at the true value passes or fails wrongly. With 400
simulations, their standard error is 0.8 points.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from fairrun.metrics import (
    CALIBRATION_BINS,
    area_between_roc_curves,
    brier_score,
    calibration_in_the_large,
    roc_auc,
    squared_calibration_error,
)
from fairrun.metrics.bounded_means import limits_of_difference

FloatArray = NDArray[np.float64]
Limits = tuple[float, float]
Row = dict[str, object]
#: What the figures depend on.
CODE = (
    "fairrun/metrics/bounded_means.py",
    "fairrun/metrics/calibration.py",
    "fairrun/metrics/roc_curves.py",
    "fairrun/metrics/scores.py",
)
AREAS = (0.6, 0.8, 0.9, 0.97, 0.995)
#: The number of positives and of negatives.
SIZES = ((2, 58), (5, 55), (10, 490), (30, 30), (30, 470), (30, 4970), (100, 400), (100, 4900))
SHAPES = ("equal variances", "half", "twice", "mixed", "mixed negatives")
#: The base rate, the standard deviation of the true log-odds, and numbers of rows. At least two
#: positives and two negatives are expected.
POPULATIONS = (
    (0.5, 1.0, (60, 500)),
    (0.25, 1.0, (60, 500)),
    (0.25, 3.0, (60, 500)),
    (0.05, 1.5, (60, 500, 5000)),
    (1 / 30, 0.5, (60, 500)),
    (1 / 30, 3.0, (60, 500)),
    (0.02, 1.5, (100, 500, 2000)),
    (0.005, 1.5, (400, 5000)),
    (0.96, 1.5, (60, 500)),
)
KINDS = ("calibrated", "overconfident", "underconfident", "base rate", "near 0.5")


def draw_scores(
    rng: np.random.Generator, sizes: tuple[int, int], area: float, shape: str
) -> tuple[NDArray[np.int64], FloatArray]:
    """Draw labels and scores of a population with a given area under its ROC curve."""
    n_positive, n_negative = sizes
    positive, negative = rng.normal(size=n_positive), rng.normal(size=n_negative)
    if shape == "mixed":
        positive[rng.random(n_positive) >= 2 * (1 - area)] += 15
    elif shape == "mixed negatives":
        positive += 15
        negative[rng.random(n_negative) < 2 * (1 - area)] += 15
    else:
        sd = {"half": 0.5, "twice": 2.0}.get(shape, 1.0)
        positive = positive * sd + np.sqrt(1 + sd**2) * norm.ppf(area)
    label = np.repeat([1, 0], [n_positive, n_negative])
    return label, expit(np.concatenate([positive, negative]) / 4)


def cell(limits: list[Limits], truth: float) -> Row:
    """Return how often limits contain the true value, and how often they lie above and below it."""
    low, high = np.array(limits).T
    # A limit at the end of a scale, such as 0 or 1, can be off by a rounding error.
    above, below = float((low > truth + 1e-9).mean()), float((high < truth - 1e-9).mean())
    wide = float(np.mean(high - low))
    covered = 1 - above - below
    return {"truth": truth, "covered": covered, "above": above, "below": below, "width": wide}


def areas(simulations: int) -> Iterator[Row]:
    """Yield the coverage of areas under the ROC curve, and of the difference of two groups."""
    rng = np.random.default_rng(0)
    for sizes in SIZES:
        for shape in SHAPES:
            found = {}
            for area in AREAS:
                estimates = []
                for _ in range(simulations):
                    auc = roc_auc(*draw_scores(rng, sizes, area, shape))
                    estimates.append((auc.value, *auc.interval()))
                found[area] = estimates
                of = {"metric": "roc_auc", "case": shape, "positives": sizes[0], "rows": sum(sizes)}
                yield of | cell([each[1:] for each in estimates], area)
            for a, b in ((0.6, 0.8), (0.8, 0.97), (0.9, 0.995)):
                limits = [
                    limits_of_difference(*each) for each in zip(found[a], found[b], strict=True)
                ]
                yield of | {"metric": "roc_auc_difference"} | cell(limits, a - b)


def population(base: float, spread: float, kind: str) -> tuple[Callable, Callable]:  # type: ignore[type-arg]
    """Return P(label = 1) and the score as functions of a standard normal variable."""
    x = np.linspace(-8, 8, 20001)
    density = norm.pdf(x) / norm.pdf(x).sum()
    centre = brentq(lambda c: density @ expit(c + spread * x) - base, -40, 40)
    scores = {
        "calibrated": lambda x: expit(centre + spread * x),
        "overconfident": lambda x: expit(2 * (centre + spread * x)),
        "underconfident": lambda x: expit((centre + spread * x) / 2),
        "base rate": lambda x: np.full_like(x, base),
        "near 0.5": lambda x: 0.5 + 0.1 * np.tanh(x),
    }
    return scores["calibrated"], scores[kind]


def truths(probability: FloatArray, score: FloatArray, density: FloatArray) -> dict[str, float]:
    """Return the true values of the metrics of a population."""
    bins = np.minimum((score * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    share, gap = (np.bincount(bins, w) for w in (density, density * (score - probability)))
    return {
        "brier_score": float(
            density @ ((score - probability) ** 2 + probability * (1 - probability))
        ),
        "calibration_in_the_large": float(gap.sum()),
        "squared_calibration_error": float((gap**2)[share > 0] @ (1 / share[share > 0])),
    }


def of_labels(simulations: int) -> Iterator[Row]:
    """Yield the coverage of the Brier score and of both measures of calibration."""
    rng = np.random.default_rng(1)
    x = np.linspace(-8, 8, 400001)
    density = norm.pdf(x) / norm.pdf(x).sum()
    metrics = {
        "brier_score": brier_score,
        "calibration_in_the_large": calibration_in_the_large,
        "squared_calibration_error": squared_calibration_error,
    }
    for base, spread, sizes in POPULATIONS:
        for kind in KINDS:
            probability, score = population(base, spread, kind)
            truth = truths(probability(x), score(x), density)
            for n in sizes:
                limits: dict[str, list[tuple[float, float, float]]] = {name: [] for name in metrics}
                for _ in range(simulations):
                    drawn = rng.normal(size=n)
                    label = (rng.random(n) < probability(drawn)).astype(int)
                    for name, metric in metrics.items():
                        limits[name].append(metric(label, score(drawn)))
                for name, each in limits.items():
                    of = {"metric": name, "case": kind, "base_rate": base, "rows": n}
                    mean = {"mean": float(np.mean([value for value, *_ in each]))}
                    yield of | cell([(low, high) for _, low, high in each], truth[name]) | mean


#: The areas and shapes of two groups.
CURVES = {
    "same": ((0.8, "equal variances"), (0.8, "equal variances")),
    "differ": ((0.8, "equal variances"), (0.7, "equal variances")),
    "differ more": ((0.8, "equal variances"), (0.6, "equal variances")),
    "near 1": ((0.97, "equal variances"), (0.995, "equal variances")),
    "cross": ((0.8, "equal variances"), (0.8, "twice")),
}


def between(simulations: int) -> Iterator[Row]:
    """Yield how often the upper limit of the area between two ROC curves is below the true area."""
    rng = np.random.default_rng(2)
    grid = norm.isf(np.linspace(0, 1, 200001))

    def height(area: float, shape: str) -> FloatArray:
        sd = 2.0 if shape == "twice" else 1.0
        return np.asarray(norm.sf((grid - np.sqrt(1 + sd**2) * norm.ppf(area)) / sd))

    for sizes in SIZES:
        for case, (one, other) in CURVES.items():
            gap = np.abs(height(*one) - height(*other))
            truth = float(np.trapezoid(gap, dx=1 / (len(grid) - 1)))
            found = []
            for simulation in range(simulations):
                a = (*draw_scores(rng, (400, 1600), *one), None)
                b = (*draw_scores(rng, sizes, *other), None)
                found.append(area_between_roc_curves(a, b, seed=simulation))
            of = {"metric": "abroca", "case": case, "positives": sizes[0], "rows": sum(sizes)}
            mean = {"mean": float(np.mean([value for value, *_ in found]))}
            yield of | cell([(low, high) for _, low, high in found], truth) | mean


def show(rows: list[Row]) -> None:
    """Print the worst cells of each metric."""
    for metric in dict.fromkeys(row["metric"] for row in rows):
        of = [row for row in rows if row["metric"] == metric]
        covered, above, below = (
            np.array([100 * float(row[name]) for row in of])  # type: ignore[arg-type]
            for name in ("covered", "above", "below")
        )
        print(
            f"{metric}: covered {covered.min():.1f} to {covered.max():.1f}, mean "
            f"{covered.mean():.1f}; above at most {above.max():.1f}, below {below.max():.1f}"
        )
        for worst in sorted(of, key=lambda row: float(row["covered"]))[:4]:  # type: ignore[arg-type]
            print("   ", {k: round(v, 4) if isinstance(v, float) else v for k, v in worst.items()})


def run(measure: Callable[[int], Iterator[Row]], simulations: int) -> list[Row]:
    """Return the rows of one part. It runs in a process of its own."""
    return list(measure(simulations))


def main() -> None:
    """Print the tables of docs/metrics.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=400)
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    simulations = arguments.simulations
    with ProcessPoolExecutor() as pool:
        parts = pool.map(run, (areas, of_labels, between), [simulations] * 2 + [simulations // 4])
        rows = [row for part in parts for row in part]
    show(rows)
    if arguments.save:
        measurement.save("coverage_scores", rows, simulations=simulations)


if __name__ == "__main__":
    main()
