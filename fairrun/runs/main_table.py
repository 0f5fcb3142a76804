"""The table of a comparison of mitigators: as data, and as its rows are shown."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from fairrun.metrics import EffectKind, has_sign
from fairrun.runs.evaluate import Evaluated
from fairrun.runs.main_defaults import COMPARED_METRICS, WORST
from fairrun.runs.ranking import Candidate
from fairrun.runs.train import Trained
from fairrun.sweep.objectives import interval_keys
from fairrun.text import with_interval, with_percent
from fairrun.tracking.descriptions import as_code, escaped, link_to_run

__all__ = [
    "Compared",
    "compared_table",
    "describe_comparison",
    "differences_to_none",
    "shown_table",
]

#: The paired differences between a model and none, on the validation rows.
_OVER_NONE = ("accuracy_over_none", "distance_over_none")


@dataclass(frozen=True)
class Compared:
    """A model of a comparison: the runs that trained and evaluated it."""

    mitigator: str
    trained: Trained
    evaluated: Evaluated

    @property
    def candidate(self) -> Candidate:
        """Return what the model is ranked by."""
        judged = self.trained.judged
        verdict = None if judged is None else judged.verdict
        return Candidate(self.mitigator, self.trained.metrics, verdict, self.trained.effect)


def compared_table(models: Sequence[Compared], constrained: Sequence[str]) -> pd.DataFrame:
    """Return the table of a comparison.

    Parameters
    ----------
    models : sequence of Compared
        The models, the recommended one first.
    constrained : sequence of str
        The names of the constrained metrics.

    Returns
    -------
    pandas.DataFrame
        A row for each model with `rank` and `mitigator`; `verdict` (of the comparison's constraint
        on the validation rows); the metrics on the test rows with the limits of their 95 %
        intervals (`accuracy`, `accuracy_ci_low`, …) and the same on the validation rows
        (`validation_accuracy`, …); `constraint` (whether the test rows show that the mitigator's
        own constraint is kept; empty without one); `effect` (what the mitigator does to the
        validation rows; an `EffectKind`), `labels_changed` and the paired differences to none
        `accuracy_over_none` and `distance_over_none` with their limits, and `compared` (the metrics
        of that distance from parity); `train_run_id` and `evaluate_run_id`. A number that is
        undefined or must not be shown is NaN.
    """
    return pd.DataFrame(
        [_row(place, each, constrained) for place, each in enumerate(models, start=1)]
    )


def _row(place: int, each: Compared, constrained: Sequence[str]) -> dict[str, object]:
    names = [
        name
        for metric in dict.fromkeys([*COMPARED_METRICS, *constrained])
        for name in interval_keys(metric)
    ]
    validation, test = each.trained.metrics, each.evaluated.metrics
    over_none = [name for metric in _OVER_NONE for name in interval_keys(metric)]
    kept = each.evaluated.constraint
    judged = each.trained.judged
    return {
        "rank": place,
        "mitigator": each.mitigator,
        "verdict": "" if judged is None else str(judged.verdict),
        **{name: test.get(name, math.nan) for name in names},
        **{f"validation_{name}": validation.get(name, math.nan) for name in names},
        "constraint": "" if kept is None else kept.kept,
        "effect": each.trained.effect,
        **{name: validation.get(name, math.nan) for name in ("labels_changed", *over_none)},
        "compared": each.trained.compared,
        "train_run_id": each.trained.run_id,
        "evaluate_run_id": each.evaluated.run_id,
    }


def shown_table(
    table: pd.DataFrame, constrained: Sequence[str], *, narrow: bool = False
) -> pd.DataFrame:
    """Return the table as people read it, with texts for numbers.

    The metrics are the constrained ones and the accuracy, on validation and on test. A column that
    says nothing is left out. If `narrow`, only the metrics that the verdict judges have intervals,
    so that the table fits MLflow's page.
    """
    shown = table[["rank", "mitigator"]].copy()
    if table["verdict"].any():
        shown["verdict"] = table["verdict"].str.replace("_", " ")
    fairness = [name for name in constrained if name != "accuracy"] or ["statistical_parity"]
    for where, prefix in (("validation", "validation_"), ("test", "")):
        for name in dict.fromkeys([*fairness, "accuracy"]):
            limits = table[[f"{prefix}{key}" for key in interval_keys(name)]].astype(float)
            if narrow and (where == "test" or name == "accuracy"):
                limits.iloc[:, 1:] = math.nan
            shown[f"{name}, {where}"] = [
                with_interval(*row, signed=has_sign(name)) for row in limits.to_numpy().tolist()
            ]
    for name in ("constraint", "effect"):
        if table[name].any() and not (narrow and name == "constraint"):
            shown[name] = table[name]
    return shown


def differences_to_none(table: pd.DataFrame) -> list[str]:
    """Return a sentence for each model that changed nothing or made it worse.

    It has the paired differences to none on the validation rows, as far as they may be shown.
    """
    found = []
    for row in table.to_dict("records"):
        if row["effect"] in ("", EffectKind.CHANGED) or not row["compared"]:
            continue
        parts = [f"it changes {with_percent(row['labels_changed'])} of the labels"]
        parts.append(f"accuracy {_difference(row, 'accuracy_over_none')}")
        if math.isfinite(row["distance_over_none"]):
            distance = _difference(row, "distance_over_none")
            parts.append(f"distance from parity in {row['compared']} {distance}")
        found.append(f"{row['mitigator']} is {row['effect']} on validation: {', '.join(parts)}")
    return found


def _difference(row: Mapping[Hashable, float], name: str) -> str:
    value, low, high = (row[key] for key in interval_keys(name))
    return with_interval(value, low, high, 4, signed=True)


def describe_comparison(
    table: pd.DataFrame, constrained: Sequence[str], rule: str, groups: tuple[str, str]
) -> list[str]:
    """Return the paragraphs of the comparison in Markdown, with links to the runs of each model."""
    shown = shown_table(table, constrained, narrow=True).astype(str)
    shown["mitigator"] = [
        link_to_run(row["mitigator"], row["train_run_id"]) for row in table.to_dict("records")
    ]
    shown["on test"] = [link_to_run("evaluate", run_id) for run_id in table["evaluate_run_id"]]
    headings = [escaped(str(name)) for name in shown]
    rows: list[list[str]] = [headings, ["---"] * len(headings), *shown.to_numpy().tolist()]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    group_a, group_b = map(escaped, groups)
    worst = f"{escaped(WORST)}. " if any("_worst" in name for name in constrained) else ""
    return [
        "\n".join(lines),
        f"The models are {escaped(rule)}. Test decides nothing. Brackets hold 95 % intervals; "
        f"differences are {group_a} − {group_b}, ratios {group_a} / {group_b}. "
        f"{worst}{as_code('comparison.json')} has all metrics.",
        "\n".join(f"- {escaped(each)}" for each in differences_to_none(table)),
    ]
