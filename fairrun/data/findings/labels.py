"""Relations to the labels and to the groups: leaks, the order of the rows, and proxies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from fairrun.data.findings.coded import CodedColumn
from fairrun.data.findings.finding import Finding, in_words
from fairrun.data.findings.looks import is_row_number
from fairrun.data.findings.separation import is_copy, separation

__all__ = ["LEAK", "PROXY", "leaks", "proxies", "row_order"]

Labels = NDArray[np.int64]

#: A feature with at least this area under the ROC curve for the label is called a leak.
LEAK = 0.98
#: A feature with at least this area under the ROC curve for the groups is called a proxy.
PROXY = 0.8
#: From this area on, the rows of a file are said to be sorted by the label.
_SORTED = 0.9


def leaks(features: Iterable[CodedColumn], labels: Labels, target: str) -> Iterator[Finding]:
    """Find features that tell the labels apart nearly alone, or are a copy of the target."""
    for column in features:
        area = separation(column, labels)
        if not area >= LEAK:  # NaN, too
            continue
        name, way_out = column.name, f"drop={column.name} unless it is known before the decision"
        if is_copy(column, labels):
            sentence, way_out = f"{name} is a copy of the target {target}", f"drop={name}"
        elif is_row_number(column):
            sentence = (
                f"{name} is a row number, and the file is sorted by {target} (AUC {area:.3f})"
            )
            way_out = f"drop={name}"
        else:
            sentence = f"{name} alone tells the labels of {target} apart (AUC {area:.3f})"
        yield Finding("leak", (name,), sentence, way_out, change={"drop": [name]})


def row_order(labels: Labels, target: str) -> Iterator[Finding]:
    """Find out whether the file is sorted by the label."""
    n = len(labels)
    place = CodedColumn("", "number", np.arange(n), np.arange(n, dtype=np.float64))
    area = separation(place, labels)
    if area >= _SORTED:
        yield Finding(
            "row order",
            (target,),
            f"the rows are sorted by {target} (AUC of the position {area:.3f})",
            "check that no column counts the rows or grows with their time",
            warns=False,
        )


def proxies(
    features: Iterable[CodedColumn], groups: Mapping[str, tuple[Labels, tuple[str, str]]]
) -> Iterator[Finding]:
    """Find features that tell the groups of a protected column apart.

    Parameters
    ----------
    features : iterable of CodedColumn
        The features.
    groups : mapping of str to (array, (str, str))
        For each protected column, the group of each row (0 for group_a, 1 for group_b, −1 for
        neither) and the names of the groups.

    Yields
    ------
    Finding
        At most one "copy of protected" for each feature, and at most one "proxy" for each protected
        column.
    """
    columns = list(features)
    for protected, (codes, (group_a, group_b)) in groups.items():
        found: dict[str, float] = {}
        for column in columns:
            area = separation(column, codes)
            if area >= LEAK and is_copy(column, codes):
                name = column.name
                sentence = f"{name} is a copy of the protected column {protected}"
                way_out, change = f"drop={name}", {"drop": [name]}
                yield Finding("copy of protected", (name,), sentence, way_out, change=change)
            elif area >= PROXY:
                found[column.name] = area
        if found:
            ordered = sorted(found, key=found.__getitem__, reverse=True)
            shown = in_words([f"{name} (AUC {found[name]:.2f})" for name in ordered], 3)
            tell, them = ("tells", "it") if len(ordered) == 1 else ("tell", "them")
            yield Finding(
                "proxy",
                tuple(ordered),
                f"{shown} {tell} {group_a} from {group_b} ({protected})",
                f"drop {them}, or accept that a model without {protected} can still follow it",
            )
