"""Make `fairrun/data/census_tables.json` from the UCI Adult data set.

    python scripts/make_census_tables.py PATH_TO_ADULT_PARQUET

The tables hold only aggregates. A count that crosses more columns must include more people; see
`FEWEST`. A value of a numeric column that few people share is counted with the nearest value that
more people share. `fnlwgt` is different for almost every person, so it is replaced by a rounded
grid of quantiles. The same input file always gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

# The script writes to its own checkout, even if another one is installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fairrun.data import census

TABLES = Path(census.__file__).with_name("census_tables.json")
SOURCE = (
    "Counts of Adult: Becker, B. and Kohavi, R. (1996). Adult [Dataset]. UCI Machine Learning "
    "Repository. https://doi.org/10.24432/C5XW20. CC BY 4.0."
)

# The smallest number of people in a context of one, of two, and of three or more parents.
FEWEST = (10, 10, 50)
# The smallest number of people who share a value of a numeric column that is kept.
SHARED = 10
# The number of people in a cell of the grid of fnlwgt, and the unit to which its lower bounds are
# rounded down.
GRID_PEOPLE = 50
GRID_STEP = 100

# The lower bounds of the bins. The bins of the capital columns end where the label changes, because
# taxable amounts have a few typical values, and almost all people with such a value have one label.
EDGES = {
    "age": [17, 19, 21, 23, 25, 28, 31, 35, 40, 45, 50, 55, 60, 65, 70],
    "hours-per-week": [1, 10, 20, 25, 30, 35, 40, 41, 45, 46, 50, 51, 55, 60, 61, 70],
    "capital-gain": [0, 1, 3103, 3137, 4386, 4416, 5178, 5455, 7298, 9999, 15024, 99999],
    "capital-loss": [0, 1, 1564, 1573, 1848, 1876, 1887, 1974, 1977, 1980, 2174, 2392, 2450],
}

# Coarser groupings, which leave enough people in a context of many parents. A category that is not
# listed is in group 0.
COARSE: dict[str, tuple[str, list[list[Any]]]] = {
    "schooling": (
        "education",
        [
            ["HS-grad"],
            ["Some-college", "Assoc-voc", "Assoc-acdm"],
            ["Bachelors"],
            ["Masters", "Doctorate", "Prof-school"],
        ],
    ),
    "spouse": ("relationship", [["Husband", "Wife"]]),
    "stage": ("age", [[25, 28, 31], [35, 40], [45, 50, 55], [60, 65, 70]]),
    "week": ("hours-per-week", [[40], [41, 45, 46], [50, 51, 55, 60, 61, 70]]),
    "work": (
        "occupation",
        [
            ["Prof-specialty"],
            ["Exec-managerial"],
            ["Sales", "Tech-support", "Protective-serv"],
            ["Adm-clerical"],
            ["Craft-repair", "Transport-moving", "Machine-op-inspct"],
            ["Farming-fishing", None],
        ],
    ),
}

# The columns in the order in which they are drawn, with their parents. If a context has too few
# people, its last parent is dropped first, so the first parent is the most important one.
NETWORK: dict[str, list[str]] = {
    "sex": [],
    "race": ["sex"],
    "age": ["sex", "race"],
    "education": ["age", "sex", "race"],
    "native-country": ["race", "schooling", "stage"],
    "marital-status": ["sex", "age", "schooling", "race"],
    "relationship": ["sex", "marital-status", "stage", "age", "race", "schooling"],
    "workclass": ["stage", "schooling", "sex", "spouse", "age"],
    "occupation": ["workclass", "schooling", "sex", "education", "spouse", "stage", "race"],
    "hours-per-week": ["sex", "spouse", "stage", "work", "schooling", "workclass"],
    "capital-gain": ["sex", "spouse", "schooling", "week", "stage", "work"],
    "capital-loss": ["capital-gain", "sex", "spouse", "schooling", "week", "stage"],
    "fnlwgt": ["race", "native-country", "stage"],
}

# The terms of the label's log-odds: one coefficient for each crossing of their columns' codes.
LABEL = [
    ["race"],
    ["marital-status"],
    ["workclass"],
    ["native-country"],
    ["capital-gain"],
    ["capital-loss"],
    ["fnlwgt"],
    ["sex", "relationship"],
    ["age", "relationship"],
    ["hours-per-week", "relationship"],
    ["education", "relationship"],
    ["age", "education"],
    ["education", "occupation"],
]


def make_tables(adult: pd.DataFrame) -> census.Tables:
    """Return all tables of the census, computed from Adult."""
    tables: census.Tables = {
        "source": SOURCE,
        "rows": len(adult),
        "columns": list(adult.columns),
        "categories": categories(adult),
        "numbers": {
            **{name: shared_values(adult[name], edges) for name, edges in EDGES.items()},
            "fnlwgt": grid(adult["fnlwgt"]),
        },
    }
    tables["coarse"] = {
        name: {"of": of, "groups": coarse_groups(tables, of, groups)}
        for name, (of, groups) in COARSE.items()
    }
    codes = census._encode(tables, adult)
    tables["network"] = {
        name: {"given": given, "counts": context_counts(tables, codes, name, given)}
        for name, given in NETWORK.items()
    }
    drawn = census._draw_codes(tables, np.random.PCG64(census._SEED))
    tables["label"] = fit_label(tables, codes, (adult["class"] == ">50K").to_numpy(), drawn)
    return tables


def categories(adult: pd.DataFrame) -> dict[str, list[str | None]]:
    """Return the categories of each text column; education is in its order, None is last."""
    found: dict[str, list[str | None]] = {}
    for name in adult.columns.drop("class"):
        if not pd.api.types.is_numeric_dtype(adult[name]):
            found[name] = sorted(adult[name].dropna().unique())
            found[name] += [None] * bool(adult[name].isna().any())
    levels = adult.drop_duplicates("education").sort_values("education-num")
    found["education"] = levels["education"].tolist()
    return found


def shared_values(column: pd.Series, edges: list[int]) -> dict[str, Any]:
    """Return the counts of the values in each bin, as cells of width 1; see `SHARED`."""
    counts = column.value_counts().sort_index()
    cells = []
    for low, high in zip(edges, [*edges[1:], np.inf], strict=True):
        inside = counts[(counts.index >= low) & (counts.index < high)]
        kept = inside[inside >= SHARED].index.to_numpy()
        nearest = kept[np.abs(inside.index.to_numpy()[:, None] - kept).argmin(axis=1)]
        people = inside.groupby(nearest).sum()
        cells.append([[int(value), 1, int(n)] for value, n in people.items()])
    return {"edges": edges, "cells": cells}


def grid(column: pd.Series) -> dict[str, Any]:
    """Return ten bins with about equal counts, made of cells of about `GRID_PEOPLE` people."""
    values = np.sort(column.to_numpy())
    lows = values[::GRID_PEOPLE][: len(values) // GRID_PEOPLE] // GRID_STEP * GRID_STEP
    lows = np.unique(lows)
    high = values[-1] // GRID_STEP * GRID_STEP + GRID_STEP
    width = np.diff(lows, append=high)
    people = np.diff(np.searchsorted(values, lows), append=len(values))
    cells = np.column_stack([lows, width, people])
    bins = np.array_split(cells, 10)
    return {
        "edges": [int(part[0, 0]) for part in bins],
        "cells": [part.tolist() for part in bins],
    }


def coarse_groups(tables: census.Tables, of: str, groups: list[list[Any]]) -> list[int]:
    """Return the coarse group of each code of a feature."""
    names = tables["categories"].get(of) or tables["numbers"][of]["edges"]
    group = {name: number for number, part in enumerate(groups, start=1) for name in part}
    return [group.get(name, 0) for name in names]


def context_counts(
    tables: census.Tables, codes: dict[str, census.IntArray], name: str, given: list[str]
) -> list[dict[str, list[int]]]:
    """Return the counts of a column's codes in each context of 0, 1, ... parents.

    A person is counted once, in the longest of the person's contexts that has enough people; see
    `FEWEST`. The context without parents counts all people. It is used for drawn rows with a
    context that does not occur in Adult.
    """
    own, size = census._parent(tables, codes, name)
    parents = np.zeros((len(own), len(given)), np.int64)
    for at, parent in enumerate(given):
        parents[:, at], _ = census._parent(tables, codes, parent)
    levels = []
    left = np.ones(len(own), bool)
    for depth in reversed(range(1, len(given) + 1)):
        contexts, which = np.unique(parents[left, :depth], axis=0, return_inverse=True)
        counts = np.zeros((len(contexts), size), np.int64)
        np.add.at(counts, (which.ravel(), own[left]), 1)
        enough = counts.sum(axis=1) >= FEWEST[min(depth, len(FEWEST)) - 1]
        left[left] = ~enough[which.ravel()]
        kept = zip(contexts[enough], counts[enough], strict=True)
        levels.append({" ".join(map(str, context)): row.tolist() for context, row in kept})
    levels.append({"": np.bincount(own, minlength=size).tolist()})
    return levels[::-1]


def fit_label(
    tables: census.Tables,
    codes: dict[str, census.IntArray],
    positive: npt.NDArray[np.bool_],
    drawn: dict[str, census.IntArray],
) -> list[dict[str, Any]]:
    """Fit coefficients with which the drawn rows have Adult's share of ">50K" in every cell.

    The equations are the score equations of a logistic regression with a ridge penalty of 1. The
    rows are the drawn rows, but the sums on the other side come from Adult's shares. P(>50K) is
    therefore correct in each cell, although the drawn features are slightly less dependent than
    Adult's features.
    """
    shapes = [tuple(census._parent(tables, codes, c)[1] for c in columns) for columns in LABEL]
    sizes = [int(np.prod(shape)) for shape in shapes]
    blocks = [slice(stop - size, stop) for stop, size in zip(np.cumsum(sizes), sizes, strict=True)]

    def cells(of: dict[str, census.IntArray]) -> list[census.IntArray]:
        """Return the cell of each row in each term, as one array per term."""
        return [
            np.ravel_multi_index([of[c] for c in columns], shape)
            for columns, shape in zip(LABEL, shapes, strict=True)
        ]

    def sums(at: list[census.IntArray], weights: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the sum of the rows' weights in each cell of each term."""
        return np.concatenate(
            [np.bincount(cell, weights, size) for cell, size in zip(at, sizes, strict=True)]
        )

    adult, rows = cells(codes), cells(drawn)
    everyone = np.ones(len(positive))
    # One person with the average label is added to each cell, because empty cells need a share.
    share = (sums(adult, positive) + positive.mean()) / (sums(adult, everyone) + 1)
    target = share * sums(rows, everyone)
    for block in blocks:
        target[block] *= positive.sum() / target[block].sum()

    beta = np.zeros(len(target))
    step = np.ones(1)
    while np.abs(step).max() > 1e-9:
        log_odds = sum(beta[block][cell] for block, cell in zip(blocks, rows, strict=True))
        p = 1 / (1 + np.exp(-log_odds))
        hessian = np.eye(len(beta))
        for i, j in np.ndindex(len(blocks), len(blocks)):
            pairs = np.bincount(rows[i] * sizes[j] + rows[j], p * (1 - p), sizes[i] * sizes[j])
            hessian[blocks[i], blocks[j]] += pairs.reshape(sizes[i], sizes[j])
        step = np.linalg.solve(hessian, target - sums(rows, p) - beta)
        beta += step
    hundredths = np.rint(100 * beta).astype(np.int64)
    return [
        {"columns": columns, "hundredths": hundredths[block].reshape(shape).tolist()}
        for columns, block, shape in zip(LABEL, blocks, shapes, strict=True)
    ]


def to_text(value: Any, indent: str = "") -> str:
    """Return JSON with one innermost list per line, so that a diff shows the changed counts."""
    parts = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(value, dict | list) or not any(isinstance(p, dict | list) for p in parts):
        return json.dumps(value, separators=(",", ":"))
    lines = [to_text(part, indent + " ") for part in parts]
    opening, closing = "[]"
    if isinstance(value, dict):
        opening, closing = "{}"
        lines = [f"{json.dumps(key)}:{line}" for key, line in zip(value, lines, strict=True)]
    return "\n".join([opening, ",\n".join(f"{indent} {line}" for line in lines), indent + closing])


def main(adult: Path, out: Path = TABLES) -> None:
    """Read Adult and write the tables."""
    text = to_text(make_tables(pd.read_parquet(adult))) + "\n"
    out.write_text(text, encoding="utf-8", newline="\n")
    print(f"{out}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
