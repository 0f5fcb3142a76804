"""Messages between the processes of a sweep, as JSON, Parquet and arrays.

Reading a message cannot run code, as unpickling could. Numbers are read bit for bit.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from fairrun.data import DatasetSpec, Rows
from fairrun.gate import GATE_METRICS
from fairrun.groups import ProtectedColumn
from fairrun.metrics import counts_from_dict
from fairrun.sweep.objectives import Objective
from fairrun.sweep.trial import Problem, Trial, TrialResult

__all__ = [
    "read_problem",
    "read_result",
    "read_trials",
    "write_problem",
    "write_result",
    "write_trials",
]


def write_problem(problem: Problem) -> tuple[bytes, bytes, bytes]:
    """Return a problem as three messages.

    Parameters
    ----------
    problem : Problem
        The problem.

    Returns
    -------
    tuple of bytes
        A JSON document, the frame as Parquet, and the labels and parts as NumPy arrays.
    """
    document = {
        "spec": problem.spec.to_dict(),
        "columns": [column.to_dict() for column in problem.protected],
        "objectives": [[each.metric.name, each.protected, each.key] for each in problem.objectives],
        "crossings": problem.crossings,
        "seed": problem.seed,
        "min_frequency": problem.min_frequency,
    }
    frame, arrays = io.BytesIO(), io.BytesIO()
    problem.rows.frame.to_parquet(frame, index=False)
    of_parts = {
        f"{kind}_{number}": positions
        for number, part in enumerate(problem.parts)
        for kind, positions in zip(("fit", "measure"), part, strict=True)
    }
    of_rows = {
        name: getattr(problem.rows, name)
        for name in ("label", "weight", "cluster")
        if getattr(problem.rows, name) is not None
    }
    np.savez(arrays, allow_pickle=False, **of_rows, **of_parts)
    return json.dumps(document).encode(), frame.getvalue(), arrays.getvalue()


def read_problem(document: bytes, frame: bytes, arrays: bytes) -> Problem:
    """Return the problem from the messages of `write_problem`."""
    said = json.loads(document)
    with np.load(io.BytesIO(arrays), allow_pickle=False) as opened:
        label, weight, cluster = (opened.get(name) for name in ("label", "weight", "cluster"))
        parts = tuple(
            (opened[f"fit_{number}"], opened[f"measure_{number}"])
            for number in range(sum(name.startswith("fit_") for name in opened.files))
        )
    return Problem(
        spec=DatasetSpec.from_dict(said["spec"]),
        rows=Rows(_as_prepared(pd.read_parquet(io.BytesIO(frame))), label, weight, cluster),
        protected=tuple(map(ProtectedColumn.from_dict, said["columns"])),
        parts=parts,
        objectives=tuple(
            Objective(GATE_METRICS[name], about, key) for name, about, key in said["objectives"]
        ),
        crossings=tuple(said["crossings"]),
        seed=said["seed"],
        min_frequency=said["min_frequency"],
    )


def _as_prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with text as objects, as in prepared rows; Parquet gives strings instead."""
    texts = frame.select_dtypes(exclude="number").columns
    return frame.astype(dict.fromkeys(texts, object))


def write_trials(trials: Sequence[Trial]) -> bytes:
    """Return trials as a message."""
    return json.dumps(
        [[each.number, dict(each.parameters), each.incumbents] for each in trials]
    ).encode()


def read_trials(message: bytes) -> list[Trial]:
    """Return the trials from a message of `write_trials`."""
    return [
        Trial(number, parameters, tuple(map(tuple, incumbents)))
        for number, parameters, incumbents in json.loads(message)
    ]


def write_result(result: TrialResult) -> bytes:
    """Return a result as a message."""
    counts = None if result.counts is None else result.counts.to_dict()
    document = vars(result) | {"parameters": dict(result.parameters), "counts": counts}
    return json.dumps(document).encode()


def read_result(message: bytes) -> TrialResult:
    """Return the result from a message of `write_result`."""
    said: dict[str, Any] = json.loads(message)
    counts = None if said["counts"] is None else counts_from_dict(said["counts"])
    return TrialResult(**said | {"counts": counts})
