"""Coverage of the intervals of labels at rates near 0 and 1, for `coverage.py --edges`.

The coverage of a rate, a difference and a ratio is a sum over the binomial distributions of the
counts, so no sampling error is in it. The rows of several groups at once and of the average odds
difference are simulated.

Only true rates count at which every group has at least two expected rows with the label predicted
and two without. A ratio of two groups without a selected row is undefined: the gate has too little
evidence, and the true value is not missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import _project  # noqa: F401
import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from fairrun.metrics.binomial import clopper_pearson_limits, tail_of_pairs
from fairrun.metrics.closed_form import Estimate, difference_of, ratio_of

__all__ = ["edges"]

FloatArray = NDArray[np.float64]
SIZES = (60, 200, 500, 5000)
PAIRS = ((60, 60), (500, 60), (5000, 60), (5000, 500))
#: Sizes of five groups that are compared at once.
MANY = (5000, 500, 60, 60, 60)
TAIL = 0.025
LEAST_EXPECTED = 2
#: What a gate allows: the threshold of the ratio and of the difference.
RATIO, DIFFERENCE = 0.8, 0.05


def rates_near(n: int, *, steps: int) -> FloatArray:
    """Return true rates up to 1/2, fine where few rows are expected."""
    fine = np.arange(LEAST_EXPECTED, 12, 1 / steps) / n
    coarse = np.geomspace(12 / n, 0.5, 6 * steps)
    rates = np.unique(np.concatenate([fine, coarse]))
    return rates[(rates >= 0.002) & (rates <= 0.5)]


def estimate(count: FloatArray, n: int, tail: float = TAIL) -> Estimate:
    """Return rates with their limits."""
    return count / n, *clopper_pearson_limits(count, np.full_like(count, n), tail)


def possible(n: int, p: float) -> tuple[FloatArray, FloatArray]:
    """Return the counts that are not all but impossible, and their probabilities."""
    count = np.arange(binom.ppf(1e-10, n, p), binom.isf(1e-10, n, p) + 1)
    return count, binom.pmf(count, n, p)


def compare(metric: str, a: Estimate, b: Estimate) -> tuple[FloatArray, FloatArray]:
    """Return the limits of the difference a − b, or of the ratio a / b as the gate reads it."""
    if metric == "statistical_parity":
        return difference_of([(a, b)])
    low, high = ratio_of(a, b)
    # Where b is 0, the gate takes 0 / a.
    _, high_turned = ratio_of(b, a)
    none = np.isnan(low)
    return np.where(none, 1 / high_turned, low), np.where(none, np.inf, high)


def verdicts(metric: str, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return whether the gate passes, and whether it fails."""
    least, most = (
        (-DIFFERENCE, DIFFERENCE) if metric == "statistical_parity" else (RATIO, 1 / RATIO)
    )
    # The threshold itself is allowed; a limit there is off by rounding alone.
    return (low >= least - 1e-12) & (high <= most + 1e-12), (high < least) | (low > most)


def cases(metric: str, rates: FloatArray, na: int, nb: int) -> Iterator[tuple[float, list]]:
    """Return each true value with its pairs of true rates."""
    values = (-DIFFERENCE, 0.0, DIFFERENCE)
    if metric == "disparate_impact":
        values = (RATIO, 1.0, 1 / RATIO)
    for value in values:
        pairs = [(q + value if metric == "statistical_parity" else q * value, q) for q in rates]
        yield (
            value,
            [
                (p, q)
                for p, q in pairs
                if all(LEAST_EXPECTED <= n * r <= n - LEAST_EXPECTED for n, r in ((na, p), (nb, q)))
            ],
        )


def lowest_mean(covered: FloatArray, rates: FloatArray, n: int) -> float:
    """Return the lowest mean coverage over the rates at most one expected row away."""
    near = np.abs(rates[:, None] - rates) <= 1 / n + 1e-12
    near &= (rates - 1 / n >= rates[0] - 1e-12)[:, None]  # whole neighbourhoods only
    near = near[near.any(axis=1)]
    return float((near @ covered / near.sum(axis=1)).min())


def jeffreys(count: FloatArray, n: int) -> Estimate:
    """Return rates with the limits of Jeffreys' prior, for comparison."""
    low = np.where(count == 0, 0.0, beta.ppf(TAIL, count + 0.5, n - count + 0.5))
    high = np.where(count == n, 1.0, beta.isf(TAIL, count + 0.5, n - count + 0.5))
    return count / n, low, high


def of_rates(steps: int) -> Iterator[dict[str, object]]:
    """Yield the exact results of single rates."""
    for limits, note in ((estimate, ""), (jeffreys, ", with Jeffreys' limits")):
        for n in SIZES:
            rates = rates_near(n, steps=4 * steps)
            counts = np.arange(n + 1.0)
            _, low, high = limits(counts, n)
            for name, p in (("rate near 0", rates), ("rate near 1", 1 - rates)):
                share = binom.pmf(counts, n, p[:, None])
                passed, failed = (
                    (share * missed).sum(axis=1)
                    for missed in (low >= p[:, None], high < p[:, None])
                )
                covered = 1 - passed - failed
                yield {
                    "metric": name + note,
                    "sizes": f"{n:,}",
                    "lowest": covered.min(),
                    "lowest_mean": lowest_mean(covered, rates, n),
                    "missed_below": passed.max(),
                    "missed_above": failed.max(),
                    "term": "accuracy>=t",
                    "wrong_pass": passed.max(),
                    "wrong_fail": failed.max(),
                }


def of_pairs(metric: str, steps: int) -> Iterator[dict[str, object]]:
    """Yield the exact results of a difference or ratio of two groups."""
    for na, nb in PAIRS:
        rates = rates_near(min(na, nb), steps=steps)
        lowest, means, below, above = [], [], [0.0], [0.0]
        wrong_pass, wrong_fail = [0.0], [0.0]
        for value, pairs in cases(metric, rates, na, nb):
            covered = []
            for p, q in pairs:
                (count_a, share_a), (count_b, share_b) = possible(na, p), possible(nb, q)
                of_a, of_b = estimate(count_a, na), estimate(count_b, nb)
                with np.errstate(divide="ignore", invalid="ignore"):
                    rate, low_a, high_a = (x[:, None] for x in of_a)
                    low, high = compare(metric, (rate, low_a, high_a), of_b)
                passed, failed = verdicts(metric, low, high)
                flags = (low > value + 1e-12, high < value - 1e-12, passed, failed)
                missed_below, missed_above, *errors = (share_a @ f @ share_b for f in flags)
                covered.append(1 - missed_below - missed_above)
                below.append(missed_below)
                above.append(missed_above)
                if value not in (0.0, 1.0):
                    wrong_pass.append(errors[0])
                wrong_fail.append(errors[1])
            if covered:
                lowest.append(min(covered))
                at = np.array([q for _, q in pairs])
                means.append(lowest_mean(np.array(covered), at, min(na, nb)))
        yield {
            "metric": metric,
            "sizes": f"{na:,} / {nb:,}",
            "lowest": min(lowest),
            "lowest_mean": min(means),
            "missed_below": max(below),
            "missed_above": max(above),
            "term": f"{metric}{'<=0.05' if metric == 'statistical_parity' else '>=0.8'}",
            "wrong_pass": max(wrong_pass),
            "wrong_fail": max(wrong_fail),
        }


def of_odds(simulations: int) -> Iterator[dict[str, object]]:
    """Yield simulated results of the average odds difference: 30 % have label 1."""
    rng = np.random.default_rng(0)
    for na, nb in PAIRS:
        covered, below, above = [], [], []
        for p in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5):
            parts = []
            for n in (na, nb):
                positives = rng.binomial(n, 0.3, simulations)
                sizes = [(positives, 1 - p), (n - positives, p)]
                if min(0.3, 0.7) * n * p < LEAST_EXPECTED:
                    break
                parts.append(
                    [
                        (x / m, *clopper_pearson_limits(x, m, TAIL))
                        for m, rate in sizes
                        for x in [rng.binomial(m, rate)]
                    ]
                )
            if len(parts) < 2:
                continue
            low, high = difference_of([*zip(*parts, strict=True)])
            below.append(np.mean(low > 0))
            above.append(np.mean(high < 0))
            covered.append(1 - below[-1] - above[-1])
        yield {
            "metric": "average_odds_difference",
            "sizes": f"{na:,} / {nb:,}",
            "lowest": min(covered),
            "missed_below": max(below),
            "missed_above": max(above),
        }


def of_many(metric: str, simulations: int) -> dict[str, object]:
    """Return simulated results of all pairs of five groups at once."""
    rng = np.random.default_rng(0)
    tail = tail_of_pairs(0.95, len(MANY))
    covered, wrong_pass, wrong_fail = [], [], []
    for p in (0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5):
        # All rates equal, and one small or one large group at the edge.
        for other in (None, 2, 0):
            rates = np.full(len(MANY), p)
            if other is not None:
                rates[other] = p + DIFFERENCE if metric == "statistical_parity" else p / RATIO
            groups = [
                estimate(rng.binomial(n, rate, simulations).astype(float), n, tail)
                for n, rate in zip(MANY, rates, strict=True)
            ]
            held, passes = np.ones(simulations, bool), np.ones(simulations, bool)
            fails = np.zeros(simulations, bool)
            for a, b in combinations(range(len(MANY)), 2):
                difference = metric == "statistical_parity"
                value = rates[a] - rates[b] if difference else rates[a] / rates[b]
                with np.errstate(divide="ignore", invalid="ignore"):
                    low, high = compare(metric, groups[a], groups[b])
                held &= ~((low > value + 1e-12) | (high < value - 1e-12))
                passed, failed = verdicts(metric, low, high)
                passes &= passed
                fails |= failed
            covered.append(held.mean())
            wrong_fail.append(fails.mean())
            if other is not None:
                wrong_pass.append(passes.mean())
    return {
        "metric": f"{metric}, all pairs",
        "sizes": " / ".join(f"{n:,}" for n in MANY),
        "lowest": min(covered),
        "term": f"{metric}{'<=0.05' if metric == 'statistical_parity' else '>=0.8'}",
        "wrong_pass": max(wrong_pass),
        "wrong_fail": max(wrong_fail),
    }


def edges(simulations: int, steps: int = 8) -> list[dict[str, object]]:
    """Return the coverage at the edges; all shares in percent.

    Parameters
    ----------
    simulations : int
        The number of simulations where there is no exact sum.
    steps : int
        How many true rates lie between two whole expected numbers of rows.
    """
    found = list(of_rates(steps))
    for metric in ("statistical_parity", "disparate_impact"):
        found += of_pairs(metric, steps)
    found += of_odds(simulations)
    found += [of_many(metric, simulations) for metric in ("statistical_parity", "disparate_impact")]
    return [
        {key: 100 * float(v) if isinstance(v, float) else v for key, v in row.items()}
        for row in found
    ]
