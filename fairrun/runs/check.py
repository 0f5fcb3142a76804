"""The `check` run, which tells what is wrong with a data set before a model is trained."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from fairrun.data import (
    DataRequest,
    Findings,
    check_request,
    code_columns,
    draft_spec,
    find,
    find_in,
    is_preprocessed,
    load_source,
    type_columns,
)
from fairrun.gate import PlannedGroup, plan_gate
from fairrun.groups import Protected
from fairrun.metrics import MIN_CELL, check_min_cell, hidden_parts
from fairrun.pages import render_check
from fairrun.text import n_of
from fairrun.tracking.datasets import open_dataset
from fairrun.tracking.descriptions import as_code, describe_run, escaped
from fairrun.tracking.hints import mlflow_command, next_command
from fairrun.tracking.names import (
    CHECK_COLUMNS,
    CHECK_FINDINGS,
    CHECK_GATE,
    CHECK_LABELS,
    CHECK_PAGE,
    DRAFT_SPEC,
    N_FINDINGS,
)
from fairrun.tracking.runs import log_table, tracked_run

__all__ = ["Checked", "commands_after_check", "run_check"]

#: At most this number of findings is described, the worst ones.
_MOST_DESCRIBED = 8


@dataclass(frozen=True)
class Checked:
    """The result of a `check` run.

    Attributes
    ----------
    run_id : str
        The id of the MLflow run.
    name : str
        The name of the data set.
    findings : Findings
        The columns as read, the findings and the label shares.
    gate : pandas.DataFrame
        What a gate could decide; see `plan_gate`. Empty without target and protected columns.
    draft : str
        A draft of the dataset spec as YAML; empty for an earlier `preprocess`, whose rows are
        already prepared.
    guessed : mapping of str to str
        The parameters of the next check, if some roles were not given: the roles with guesses, and
        what the user gave. Empty if all roles were given.
    """

    run_id: str
    name: str
    findings: Findings
    gate: pd.DataFrame
    draft: str
    guessed: Mapping[str, str]


def run_check(request: DataRequest, min_cell: int = MIN_CELL) -> Checked:
    """Read a data set, and log the findings about it, a page and a draft of its spec.

    Parameters
    ----------
    request : DataRequest
        The data. Target and protected columns may be left out.
    min_cell : int
        Numbers about groups with fewer rows are not shown; 1 shows all.

    Returns
    -------
    Checked

    Raises
    ------
    RequestError
        If the data cannot be read, or a parameter names a column or a value that is not in it.
    """
    check_min_cell(min_cell)
    with tracked_run("check") as run:
        if is_preprocessed(request.data):
            dataset = open_dataset(request)
            name, findings, draft = dataset.spec.name, find_in(dataset), ""
            guessed: Mapping[str, str] = {}
            split = dataset.spec.splits
            # The findings are about the training rows.
            test_share = split.test / (1 - split.test - split.validation)
        else:
            name, test_share, findings, guessed, draft = _check(request)
        exact, findings = findings.labels, _shown(findings, min_cell)
        is_shown = (findings.labels["instead"] == "").groupby(exact["protected"]).all()
        gate = plan_gate(_pairs(exact[exact["protected"].map(is_shown).astype(bool)], test_share))
        tables = {
            CHECK_FINDINGS: findings.table,
            CHECK_COLUMNS: findings.columns,
            CHECK_LABELS: findings.labels,
            CHECK_GATE: gate,
        }
        for artifact, table in tables.items():
            if len(table):
                log_table(artifact, table)
        mlflow.log_metric(N_FINDINGS, float(len(findings.findings)))
        if draft:
            mlflow.log_text(draft, DRAFT_SPEC)
        mlflow.log_text(render_check(name, findings, gate, draft), CHECK_PAGE)
        done = Checked(run.info.run_id, name, findings, gate, draft, guessed)
        describe_run(*_described(done), commands=commands_after_check(request, done))
        return done


def _described(done: Checked) -> list[str]:
    """Return what a check found, as the paragraphs of a description."""
    found = done.findings
    size = f"{n_of(found.n_rows, 'row')} and {n_of(len(found.columns), 'column')}"
    said = [f"Looked at {escaped(done.name)} ({size}) before any model is trained."]
    if not found.findings:
        return [*said, f"Nothing was found. {as_code(CHECK_PAGE)} has the columns."]
    worst = [f"- {each.kind}: {escaped(str(each))}" for each in found.findings[:_MOST_DESCRIBED]]
    of_all = "The worst of " if len(found.findings) > len(worst) else ""
    heading = f"{of_all}{n_of(len(found.findings), 'finding')}:"
    where = f"{as_code(CHECK_PAGE)} has all findings and all columns."
    return [*said, heading, "\n".join(worst), where]


def commands_after_check(request: DataRequest, done: Checked) -> list[str]:
    """Return the commands to type after a check."""
    data = request.data
    if not done.draft:
        return [next_command(done.run_id, "train", {"data": data})]
    if done.guessed:
        return [next_command(done.run_id, "check", {"data": data, **done.guessed})]
    words = ("artifacts", "download", "-r", done.run_id, "-a", DRAFT_SPEC, "-d", ".")
    return [
        mlflow_command(done.run_id, *words),
        next_command(done.run_id, "train", {"data": f"$PWD/{DRAFT_SPEC}"}),
    ]


def _check(request: DataRequest) -> tuple[str, float, Findings, dict[str, str], str]:
    """Return the name, the share of test rows, the findings, the guesses, and the draft."""
    checked = check_request(request)
    spec = checked.spec
    source = load_source(spec.source, spec.read, reading=spec.reading)
    table = type_columns(source, spec, strict=False)
    columns = code_columns(table.frame, table.kinds)
    roles, guesses = checked.roles(columns)
    findings = find(table, roles)
    fields, remarks = checked.fields(roles, columns, findings, guesses)
    draft = draft_spec(fields, findings, table, remarks)
    guessed = _guessed(request, fields, findings) if remarks else {}
    return spec.name, spec.splits.test, findings, guessed, draft


def _shown(findings: Findings, min_cell: int) -> Findings:
    """Return the findings without numbers about groups with few rows.

    The table of labels gets the column `instead`: what is said in place of the number of rows.
    """
    labels, columns = findings.labels, findings.columns
    words: list[str] = []  # the groups of a protected column stand together
    for _, rows in labels.groupby("protected", sort=False):
        words += hidden_parts(rows["rows"].tolist(), min_cell)
    instead = pd.Series(words, labels.index, dtype=object)
    gone = instead != ""
    if gone.any():
        first = labels["protected"] == labels["protected"].iloc[0]
        if gone[first].any():  # the shares of nulls are those of the first column's groups
            columns = columns.assign(**{"missing in group_a": np.nan, "missing in group_b": np.nan})
        numbers = {n: labels[n].astype("Int64").mask(gone) for n in ("rows", "favourable")}
        labels = labels.assign(**numbers, share=labels["share"].mask(gone))
    return replace(findings, labels=labels.assign(instead=instead), columns=columns)


def _guessed(request: DataRequest, fields: Mapping[str, Any], findings: Findings) -> dict[str, str]:
    """Return the roles, and what was given, as the parameters that the user would type."""
    values = {
        "target": str(fields.get("target") or "COLUMN"),
        "positive": str(fields.get("positive") or "VALUE"),
    }
    protected = [Protected(**each) for each in fields.get("protected") or ()]
    values["protected"] = _entries(each.column for each in protected) or "COLUMN"
    values["privileged"] = ",".join(each.texts[0] for each in protected) or "VALUE"
    for name in ("drop", "changeable", "na_values"):
        entries = getattr(request, name)
        if entries is not None:
            values[name] = _entries(entries) or "none"
    for name in ("missing", "max_dropped", "weight", "cluster"):
        if getattr(request, name) is not None:
            values[name] = str(getattr(request, name))
    if request.types:
        values["types"] = _entries(f"{column}:{kind}" for column, kind in request.types.items())
    read = request.read.to_dict() if request.read else {}
    for each in findings.findings:
        read |= each.change.get("read", {})
    if read:
        values["read"] = json.dumps(read, ensure_ascii=False)
    return values


def _entries(texts: Iterable[str]) -> str:
    """Return a list as the command line takes it."""
    return ",".join(f'"{text}"' if "," in text or text.startswith(" ") else text for text in texts)


def _pairs(labels: pd.DataFrame, test_share: float) -> list[tuple[str, PlannedGroup, PlannedGroup]]:
    """Return group_a and group_b of each protected column in the test split."""
    pairs = []
    for protected, of_column in labels.groupby("protected", sort=False):
        a, b = (
            PlannedGroup(row["group"], round(row["rows"] * test_share), row["share"])
            for row in of_column.head(2).to_dict("records")
        )
        pairs.append((str(protected), a, b))
    return pairs
