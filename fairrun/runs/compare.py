"""The `compare` run, which compares two models on the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import mlflow
import pandas as pd

from fairrun.data import DecisionsRequest
from fairrun.errors import RequestError
from fairrun.figures import Plot, plot_model_differences, to_png
from fairrun.groups import ProtectedColumn
from fairrun.metrics import (
    MIN_CELL,
    ModelDifferences,
    PairedRows,
    check_min_cell,
    compare_paired,
    differences_in_words,
    show_differences,
)
from fairrun.models.any_model import AnyModel, open_as_made
from fairrun.models.open import OpenedModel
from fairrun.pages import render_comparison
from fairrun.runs.compared_rows import ComparedRows, rows_of_columns, rows_of_models
from fairrun.runs.described import describe_data
from fairrun.text import n_of, with_interval, with_percent
from fairrun.tracking.datasets import dataset_tags, log_dropped, spec_parameters
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.evaluation import log_analysis
from fairrun.tracking.hints import next_command
from fairrun.tracking.looks import Looks, say_looks
from fairrun.tracking.names import COMPARISON, COMPARISON_PAGE, MEASURED_ROWS, parameter
from fairrun.tracking.runs import log_parameters, log_table, tracked_run

__all__ = [
    "ModelsCompared",
    "check_two",
    "commands_after_compare",
    "differences_on",
    "log_compared",
    "run_models_compared",
    "shown_differences_table",
]

#: The name of the picture.
_PLOT = "model_differences"


@dataclass(frozen=True)
class ModelsCompared:
    """The result of a `compare` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    names : tuple of (str, str)
        What model A and model B are called.
    differences : ModelDifferences
        The differences, model A − model B, as they are shown.
    n_rows : int
        The number of compared rows.
    rows : str
        The rows: "test" for the test split, or "evaluation" for other rows.
    column : ProtectedColumn
        The first protected column.
    looks : Looks or None
        How often the test split was looked at; None for other rows, or if the store cannot say.
    digest : str
        The digest of the rows.
    """

    run_id: str
    names: tuple[str, str]
    differences: ModelDifferences
    n_rows: int
    rows: str
    column: ProtectedColumn
    looks: Looks | None = None
    digest: str = ""

    @property
    def changed(self) -> str:
        """The sentence that says how many decisions differ, and in which direction."""
        table = self.differences.changed
        up, down = table[(table["protected"] == "") & (table["label"] == "any")].to_dict("records")
        if pd.isna(up["changed"]):
            return f"fewer decisions than may be shown differ among {n_of(self.n_rows, 'row')}"
        share = with_percent((up["changed"] + down["changed"]) / self.n_rows)
        return (
            f"{up['changed'] + down['changed']:,} of {n_of(self.n_rows, 'decision')} differ "
            f"({share} of the rows): from B to A, {up['changed']:,} become favourable and "
            f"{down['changed']:,} unfavourable"
        )


def check_two(what: str, names: Sequence[str]) -> None:
    """Raise RequestError unless two different names were given."""
    if len(names) != 2 or not all(names):
        raise RequestError(
            f"{what}={','.join(names)} names {n_of(len(names), 'model')}; give two, separated by a "
            f"comma: {what}=A,B"
        )
    if names[0] == names[1]:
        raise RequestError(
            f"{what}={','.join(names)} names the same model twice; give two different ones"
        )


def run_models_compared(
    models: Sequence[str] = (),
    data: str | DecisionsRequest | None = None,
    *,
    predictions: Sequence[str] = (),
    min_cell: int = MIN_CELL,
) -> ModelsCompared:
    """Compare two models on the same rows: all metrics, and who changes sides.

    Parameters
    ----------
    models : sequence of str
        The URIs of model A and model B, of any flavour.
    data : str, DecisionsRequest or None
        The rows: a run of `preprocess`, whose test split is used, or a table. By default, the test
        split of the data that both models were trained on.
    predictions : sequence of str
        Two columns of the table with decisions, in place of models.
    min_cell : int
        Numbers about fewer rows are not shown; 1 shows all.

    Returns
    -------
    ModelsCompared

    Raises
    ------
    RequestError
        If there are not two different models, they cannot be compared, or the data cannot be used.
    """
    check_min_cell(min_cell)
    if bool(models) == bool(predictions):
        raise RequestError(
            "give two models with models=A,B, or two columns of decisions with predictions=A,B"
        )
    check_two("models" if models else "predictions", models or predictions)
    if predictions and not isinstance(data, DecisionsRequest):
        raise RequestError(
            f"predictions={','.join(predictions)} needs data=…, the table with these columns"
        )
    opened = [open_as_made(uri) for uri in models]
    names = _names(opened, predictions)
    with tracked_run(f"{names[0]} · compare · {names[1]}") as run:
        if isinstance(data, DecisionsRequest) and predictions:
            rows = rows_of_columns(data, predictions, min_cell)
        else:
            rows = rows_of_models(opened, data, min_cell)
        return log_compared(run.info.run_id, rows, opened, names, models or predictions, min_cell)


def log_compared(
    run_id: str,
    rows: ComparedRows,
    opened: Sequence[OpenedModel | AnyModel],
    names: tuple[str, str],
    given: Sequence[str],
    min_cell: int,
    differences: tuple[ModelDifferences, PairedRows] | None = None,
) -> ModelsCompared:
    """Log a comparison to the active run: metrics, tables, a picture and a page.

    Parameters
    ----------
    run_id : str
        The active run.
    rows : ComparedRows
        The rows with the decisions of both models.
    opened : sequence of OpenedModel or AnyModel
        The models; none for columns of decisions.
    names : tuple of (str, str)
        What model A and model B are called.
    given : sequence of str
        The URIs of the models, or the names of the columns.
    min_cell : int
        Numbers about fewer rows are not shown.
    differences : tuple, optional
        The result of `differences_on`, if it is known.

    Returns
    -------
    ModelsCompared
    """
    spec = rows.spec
    mlflow.set_tags(dataset_tags(spec) | {MEASURED_ROWS: rows.which})
    said = {"a": given[0], "b": given[1], "rows": rows.which, "min_cell": str(min_cell)}
    log_parameters({parameter("compare", name): value for name, value in said.items()})
    log_parameters(spec_parameters(spec))
    digest = rows.log().digest
    log_dropped(rows.n_dropped)
    looks = rows.look(opened)
    say_looks(looks, gate=False)
    found, paired = differences or differences_on(rows)
    shown = show_differences(found, paired.counts, min_cell, unknown=spec.sensitive)
    column = rows.columns[0]
    done = ModelsCompared(run_id, names, shown, len(rows.a), rows.which, column, looks, digest)
    plot = Plot(to_png(plot_model_differences(shown, *names)), _alternative(done))
    log_analysis(_files(shown), _metrics(shown, column.name), {_PLOT: plot}, column.name)
    words = differences_in_words(shown)
    log_table(COMPARISON, words.assign(a=names[0], b=names[1]))
    about = (
        f"{_subject(done, given)} Data: {spec.name}, "
        f"{n_of(len(rows.a), 'row')} ({_which(rows.which)})."
    )
    page = render_comparison(names, about, done.changed, shown, words, plot)
    mlflow.log_text(page, COMPARISON_PAGE)
    sentence = done.changed[0].upper() + done.changed[1:]
    describe_run(
        f"Compared model A, {as_code(said['a'])}, with model B, {as_code(said['b'])}, on "
        f"{n_of(len(rows.a), 'row')} ({_which(rows.which)}) of {describe_data(spec)}.",
        _markdown(done),
        f"Differences are A − B, with 95 % intervals. {escaped(sentence)}.",
        "" if looks is None else f"T{str(looks)[1:]}.",
        f"{as_code(COMPARISON_PAGE)} has every group.",
        commands=commands_after_compare(done, given if opened else (), rows.which),
    )
    return done


def differences_on(rows: ComparedRows) -> tuple[ModelDifferences, PairedRows]:
    """Return the differences of both models' decisions on rows with all numbers, and the tables."""
    a, b = rows.a, rows.b
    return compare_paired(
        rows.columns,
        [column.positions(a.frame) for column in rows.columns],
        *(a.label, a.prediction, b.prediction, a.score, b.score),
        weight=a.weight,
        cluster=a.cluster,
    )


def shown_differences_table(done: ModelsCompared) -> pd.DataFrame:
    """Return the table of a comparison as people read it, with texts for numbers."""
    words = differences_in_words(done.differences)
    words = words[~words["protected"].str.contains(":")]
    return pd.DataFrame(
        {
            "metric": [
                row["metric"] + (f" @ {row['protected']}" if row["protected"] else "")
                for row in words.to_dict("records")
            ],
            "A": words["model_a"].to_list(),
            "B": words["model_b"].to_list(),
            "A − B": [
                "" if pd.isna(value) else with_interval(value, low, high, 4, signed=True)
                for value, low, high in words[["value", "ci_low", "ci_high"]].to_numpy().tolist()
            ],
            "verdict": words["verdict"].to_list(),
        }
    )


def commands_after_compare(done: ModelsCompared, models: Sequence[str], which: str) -> list[str]:
    """Return the commands to type next: evaluate model A; none for columns of decisions."""
    if not models or which != "test":
        return []
    return [next_command(done.run_id, "evaluate", {"model": models[0]})]


def _names(models: Sequence[OpenedModel | AnyModel], predictions: Sequence[str]) -> tuple[str, str]:
    """Return what the models are called: mitigator or flavour, or the columns."""
    if predictions:
        return predictions[0], predictions[1]
    a, b = (e.mitigator if isinstance(e, OpenedModel) else e.flavor for e in models)
    return (a, b) if a != b else (f"{a} (A)", f"{b} (B)")


def _subject(done: ModelsCompared, given: Sequence[str]) -> str:
    (a, b), (uri_a, uri_b) = done.names, given
    if (a, b) == (uri_a, uri_b):
        return f"Model A is {a}, and model B is {b}."
    return f"Model A is {a} ({uri_a}), and model B is {b} ({uri_b})."


def _which(rows: str) -> str:
    return "the test split" if rows == "test" else "rows that were given"


def _alternative(done: ModelsCompared) -> str:
    """Return the text alternative of the picture."""
    words = differences_in_words(done.differences)
    decided = words[words["verdict"].isin(("A is better", "A is worse"))]
    listed = ", ".join(
        f"{row['metric'].replace('_', ' ')} ({row['verdict']})"
        for row in decided.head(8).to_dict("records")
    )
    return (
        f"Differences between {done.names[0]} and {done.names[1]} with 95 % intervals. Differences "
        f"are shown in: {listed or 'no metric'}. The tables have the numbers."
    )


def _files(shown: ModelDifferences) -> dict[str, pd.DataFrame]:
    """Return the tables by the names of their files in `audit`."""
    return {f"difference_{name}": table for name, table in shown.tables.items()}


def _metrics(shown: ModelDifferences, first: str) -> dict[str, float]:
    """Return the differences of all rows, and of the first column, under their logged names."""
    words = differences_in_words(shown)
    found = {}
    for row in words.to_dict("records"):
        of = "" if row["protected"] in ("", first) else f"/{row['protected']}"
        for end in ("", "_ci_low", "_ci_high"):
            value = row[end.removeprefix("_") or "value"]
            if math.isfinite(value):
                found[f"difference_{row['metric']}{end}{of}"] = float(value)
    return found


def _markdown(done: ModelsCompared) -> str:
    table = shown_differences_table(done)
    lines = [[escaped(str(name)) for name in table], ["---"] * len(table.columns)]
    for row in table.to_dict("records"):
        values = ("undefined" if pd.isna(row[x]) else f"{row[x]:.3f}" for x in "AB")
        lines.append([escaped(str(row["metric"])), *values, row["A − B"], row["verdict"]])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
