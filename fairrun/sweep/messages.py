"""What a sweep's processes send each other: JSON, Parquet and arrays, none of which runs when read.

A number is read as it was written, to the bit.
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
from fairrun.metrics import Counts
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
    """Write a problem.

    Parameters
    ----------
    problem : Problem
        The problem.

    Returns
    -------
    tuple of bytes
        JSON; the frame as Parquet; the label and the positions of each part as NumPy arrays.
    """
    document = {
        "spec": problem.spec.to_dict(),
        "columns": [column.to_dict() for column in problem.columns],
        "objectives": [[each.metric.name, each.protected, each.key] for each in problem.objectives],
        "crossings": problem.crossings,
        "seed": problem.seed,
    }
    frame, arrays = io.BytesIO(), io.BytesIO()
    problem.rows.frame.to_parquet(frame, index=False)
    of_parts = {
        f"{kind}_{number}": positions
        for number, part in enumerate(problem.parts)
        for kind, positions in zip(("fit", "measure"), part, strict=True)
    }
    np.savez(arrays, allow_pickle=False, label=problem.rows.label, **of_parts)
    return json.dumps(document).encode(), frame.getvalue(), arrays.getvalue()


def read_problem(document: bytes, frame: bytes, arrays: bytes) -> Problem:
    """Read what `write_problem` wrote."""
    said = json.loads(document)
    with np.load(io.BytesIO(arrays), allow_pickle=False) as opened:
        label = opened["label"]
        parts = tuple(
            (opened[f"fit_{number}"], opened[f"measure_{number}"])
            for number in range(len(opened.files) // 2)
        )
    return Problem(
        spec=DatasetSpec.from_dict(said["spec"]),
        rows=Rows(_as_prepared(pd.read_parquet(io.BytesIO(frame))), label),
        columns=tuple(map(ProtectedColumn.from_dict, said["columns"])),
        parts=parts,
        objectives=tuple(
            Objective(GATE_METRICS[name], about, key) for name, about, key in said["objectives"]
        ),
        crossings=tuple(said["crossings"]),
        seed=said["seed"],
    )


def _as_prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Make text what it is in prepared rows: objects, where Parquet gives strings."""
    texts = frame.select_dtypes(exclude="number").columns
    return frame.astype(dict.fromkeys(texts, object))


def write_trials(trials: Sequence[Trial]) -> bytes:
    """Write trials."""
    return json.dumps(
        [[each.number, dict(each.parameters), each.incumbents] for each in trials]
    ).encode()


def read_trials(message: bytes) -> list[Trial]:
    """Read what `write_trials` wrote."""
    return [
        Trial(number, parameters, tuple(map(tuple, incumbents)))
        for number, parameters, incumbents in json.loads(message)
    ]


def write_result(result: TrialResult) -> bytes:
    """Write a result."""
    counts = None if result.counts is None else result.counts.to_dict()
    document = vars(result) | {"parameters": dict(result.parameters), "counts": counts}
    return json.dumps(document).encode()


def read_result(message: bytes) -> TrialResult:
    """Read what `write_result` wrote."""
    said: dict[str, Any] = json.loads(message)
    counts = None if said["counts"] is None else Counts.from_dict(said["counts"])
    return TrialResult(**said | {"counts": counts})
