"""How often a sweep says that it has a less discriminatory alternative when none exists.

    python benchmarks/alternatives.py [--simulations 500] [--rows 3000] [--groups 2 5] [--jobs N]
        [--save]

A sweep is simulated: a baseline without mitigation, and 24 trials whose labels differ from its
labels at random. All trials have the same true accuracy and the same true statistical parity, so
what the validation rows prefer is luck. The code of a sweep then takes the frontier of the
validation rows, chooses the candidates, and compares them with the baseline.

The groups have equal numbers of rows. The groups with an even number are selected 0.18 more often
by the baseline. There are four settings. In three of them none of the trials is an alternative, and
each is on the edge of being one, where errors are most frequent:

- alike: the trials are as accurate and as fair as the baseline.
- more accurate: they are 0.01 more accurate, and as fair.
- fairer: they are 0.05 nearer to parity, and 0.01 less accurate, which is the margin.
- alternatives: they are 0.05 nearer to parity, and 0.002 less accurate. Here "yes" is right.

Each setting has the share of sweeps that say yes, in percent, by three ways of deciding: as a sweep
decides (test rows, intervals that hold together); by the test rows with 95 % intervals for each
candidate; and by the validation rows that chose the candidates, with such intervals. Limits come
from 4,000 draws, and not from 10,000 as in a sweep, to save time.
"""

from __future__ import annotations

import argparse
import itertools
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

import numpy as np
from _results import Measurement, add_save
from numpy.typing import NDArray

from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    AnyCounts,
    PairedCounts,
    PairedRows,
    accuracy,
    over_majority,
    selection_rate,
)
from fairrun.sweep.alternatives import (
    CONFIDENCE,
    Alternative,
    Finding,
    candidates_for,
    choose_baseline,
    confidence_of_each,
)
from fairrun.sweep.criteria import criteria_of
from fairrun.sweep.kept import kept_trials
from fairrun.sweep.objectives import parse_objectives
from fairrun.sweep.paired import compare_labels
from fairrun.sweep.selection import select
from fairrun.sweep.trial import TrialResult

#: What the figures depend on.
CODE = (
    *("fairrun/sweep/alternatives.py", "fairrun/sweep/criteria.py", "fairrun/sweep/paired.py"),
    *("fairrun/sweep/kept.py", "fairrun/sweep/selection.py", "fairrun/metrics/paired_limits.py"),
)
N_TRIALS = 24
REPLICATES = 4000
#: By setting, how much the trials are nearer to parity, and how much more accurate.
SETTINGS = {
    "alike": (0.0, 0.0),
    "more accurate": (0.0, 0.01),
    "fairer": (0.05, -0.01),
    "alternatives": (0.05, -0.002),
}
#: The baseline: the share of label 1, and the true and false positive rates, of the groups with an
#: even and with an odd number.
BASE = ((0.40, 0.72, 0.10), (0.25, 0.55, 0.05))
#: The share of the rows of a group that changes sides by chance, for each label and direction.
NOISE = 0.008

Array = NDArray[np.float64]


def shares(n_groups: int) -> Array:
    """Return the true shares of the rows by group, label and label of the baseline."""
    found = []
    for group in range(n_groups):
        base, tpr, fpr = BASE[group % 2]
        found.append([[(1 - base) * (1 - fpr), (1 - base) * fpr], [base * (1 - tpr), base * tpr]])
    return np.array(found) / n_groups


def flips(n_groups: int, nearer: float, gain: float) -> Array:
    """Return the probability that a trial gives another label, by group, label and baseline's."""
    sides = np.full((n_groups, 2, 2), NOISE)  # shares of the rows of a group that change sides
    for group in range(n_groups):
        if nearer:  # fewer are selected in the groups that are selected more often
            down = group % 2 == 0
            wins, losses = ((nearer / 2 + sign * gain) / 2 for sign in (1, -1))
            sides[group, 0, 1 if down else 0] += wins if down else losses
            sides[group, 1, 1 if down else 0] += losses if down else wins
        else:
            sides[group, 0, 1] += gain / 2
            sides[group, 1, 0] += gain / 2
    return sides / (shares(n_groups) * n_groups)


def metrics_of(counts: AnyCounts, parity: str) -> dict[str, float]:
    """Return the metrics of a trial by which candidates are chosen."""
    rates = selection_rate(counts.cells[:-1])
    total = counts.total
    return {
        "accuracy": float(accuracy(total)),
        parity: float(rates.max() - rates.min()),
        "selection_rate": float(selection_rate(total)),
        "accuracy_over_majority": over_majority(counts)["accuracy_over_majority"],
    }


def simulate(n_groups: int, n_rows: int, setting: str, simulations: int) -> dict[str, float]:
    """Return how often a sweep has candidates and says yes, in percent."""
    values = tuple(f"group {i}" for i in range(n_groups))
    column = ProtectedColumn("group", values, values[:1], values[1:])
    axes = parse_objectives("accuracy,statistical_parity", [column])
    criteria = criteria_of(axes, None, [column])
    chance = flips(n_groups, *SETTINGS[setting])
    rng = np.random.default_rng([n_groups, n_rows, list(SETTINGS).index(setting)])

    def rows() -> list[PairedRows]:
        """Return the labels of each trial and of the baseline on new rows."""
        of_baseline = rng.multinomial(n_rows, shares(n_groups).ravel()).reshape(chance.shape)
        found = []
        for _ in range(N_TRIALS):
            other = rng.binomial(of_baseline, chance)
            table = np.zeros((n_groups + 1, 2, 2, 2), dtype=np.int64)
            for label, baseline in itertools.product((0, 1), (0, 1)):
                table[:-1, label, baseline, baseline] = (of_baseline - other)[:, label, baseline]
                table[:-1, label, 1 - baseline, baseline] = other[:, label, baseline]
            found.append(PairedRows(PairedCounts((column,), table)))
        return found

    def says_yes(of: list[PairedRows], candidates: tuple[int, ...], confidence: float) -> bool:
        for number in candidates:
            performance, distances = compare_labels(
                of[number - 1], criteria, confidence=confidence, n_replicates=REPLICATES
            )
            each = Alternative(number, "", "", False, False, performance, distances)
            if each.finding is Finding.ALTERNATIVE:
                return True
        return False

    counted = np.zeros((simulations, 4))
    n_candidates = 0
    for simulation in range(simulations):
        validation, test = rows(), rows()
        models = [validation[0].counts.model("b"), *(each.counts.model("a") for each in validation)]
        trials = {
            number: TrialResult(
                number,
                {"mitigator": "reweighing" if number else "none"},
                "complete",
                metrics_of(counts, axes[1].key),
            )
            for number, counts in enumerate(models)
        }
        kept = kept_trials(select(list(trials.values()), axes, None, "knee"))
        baseline = choose_baseline(trials, criteria.performance)
        candidates = candidates_for(trials, kept, baseline, criteria)
        n_candidates += len(candidates)
        alone = says_yes(test, candidates, CONFIDENCE)
        counted[simulation] = (
            bool(candidates),
            # Wider intervals say yes only if these do.
            alone and says_yes(test, candidates, confidence_of_each(len(candidates))),
            alone,
            says_yes(validation, candidates, CONFIDENCE),
        )
    names = ("with candidates", "sweep", "test, each alone", "validation, each alone")
    found = dict(zip(names, (100 * counted.mean(axis=0)).tolist(), strict=True))
    return {"candidates": n_candidates / simulations} | found


def main() -> None:
    """Print the table of docs/alternatives.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=500)
    parser.add_argument("--rows", type=int, nargs="+", default=[3000])
    parser.add_argument("--groups", type=int, nargs="+", default=[2, 5])
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    add_save(parser)
    arguments = parser.parse_args()
    measurement = Measurement(CODE)
    rows: list[dict[str, object]] = []
    cases = [*itertools.product(arguments.groups, arguments.rows, SETTINGS)]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        every = pool.map(simulate, *zip(*cases, strict=True), repeat(arguments.simulations))
        for (groups, n, setting), found in zip(cases, every, strict=True):
            rows.append({"setting": setting, "groups": groups, "rows": n} | found)
            cells = " | ".join(f"{value:.1f}" for value in found.values())
            print(f"| {setting} | {groups} | {n:,} | {cells} |", flush=True)
    if arguments.save:
        measurement.save("alternatives", rows, simulations=arguments.simulations)


if __name__ == "__main__":
    main()
