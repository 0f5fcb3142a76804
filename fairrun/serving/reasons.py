"""Adverse-decision notices: why the label of a row is unfavourable, and what would change it.

A notice never depends on the protected value of the row. Reasons come from the explanation of the
row without its protected value, and changes hold for every protected value. Two rows that differ in
the protected value alone, and both have label 0, get the same notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairrun.inference import value_text
from fairrun.models.saved import SavedModel
from fairrun.serving.reason_texts import ReasonTexts, Statement
from fairrun.serving.safe_changes import Change, Rows, safe_changes, with_protected
from fairrun.text import with_percent

__all__ = ["lowering", "notices"]

#: The number of reasons and the largest number of changes in a notice.
_REASONS, _CHANGES = 4, 3
#: Contributions that differ by less than a unit of this decimal count as equal. The order of
#: reasons then does not depend on rounding, which differs between batches.
_DECIMALS = 9


def notices(
    saved: SavedModel,
    rows: Rows,
    labels: NDArray[np.int64],
    chances: NDArray[np.float64],
    texts: ReasonTexts,
    top_k: int = 0,
) -> list[dict[str, Any] | None]:
    """Return the notice of each row with label 0, and None for the others.

    Parameters
    ----------
    saved : SavedModel
        The model, which must be able to explain its scores.
    rows : mapping of str to list
        The raw rows.
    labels : array of int64 of shape (n_rows,)
        Their labels.
    chances : array of float64 of shape (n_rows,)
        Their values of `decision_probability`.
    texts : ReasonTexts
        The texts of the notices.
    top_k : int, default 0
        The largest number of reasons; 0 means four.

    Returns
    -------
    list of dict or None
        A notice has these members:

        - `text`: the whole account in a few sentences;
        - `reasons`: the columns that lowered the score, strongest first, each with its `code`,
          `text` and `column`;
        - `changes`: up to three changes of single columns that would have led to label 1, each with
          `column`, `from`, `to` and `text`. The list is empty if none was found, and None if the
          model has no changeable columns.
    """
    adverse = np.flatnonzero(labels == 0).tolist()
    answers: list[dict[str, Any] | None] = [None] * len(labels)
    if not adverse:
        return answers
    own = {name: [rows[name][row] for row in adverse] for name in saved.names}
    reasons = _reasons(saved, own, len(adverse), texts, top_k or _REASONS)
    changes: list[Any] = [None] * len(adverse)
    if saved.changeable:
        changes = [
            [_said(change, own[change.column][row], texts) for change in found[:_CHANGES]]
            for row, found in enumerate(safe_changes(saved, own, len(adverse)))
        ]
    for place, row in enumerate(adverse):
        account = _account(saved, reasons[place], changes[place], float(chances[row]), texts)
        answers[row] = {"text": account, "reasons": reasons[place], "changes": changes[place]}
    return answers


def lowering(
    contributions: NDArray[np.float64], errors: NDArray[np.float64] | None, most: int
) -> list[list[int]]:
    """Return the positions of the columns that lowered each score, the strongest first.

    Parameters
    ----------
    contributions : array of float64 of shape (n_rows, n_columns)
        The contributions. Those that differ by less than 1e-9 count as equal; the first column then
        comes first.
    errors : array of float64 of shape (n_rows, n_columns), or None
        The standard errors of sampled contributions. A column lowered the score if its contribution
        is more than two standard errors below 0.
    most : int
        The largest number of columns for a row.

    Examples
    --------
    >>> lowering(np.array([[-0.5, 0.2, -0.9, -0.5]]), None, 2)
    [[2, 0]]
    >>> lowering(np.array([[-0.5, -0.1]]), np.array([[0.01, 0.06]]), 4)
    [[0]]
    """
    rounded = np.round(contributions, _DECIMALS)
    lowered = rounded < 0
    if errors is not None:
        lowered &= contributions + 2 * errors < 0
    order = np.argsort(rounded, axis=1, kind="stable").tolist()
    return [
        [place for place in places if own[place]][:most]
        for places, own in zip(order, lowered.tolist(), strict=True)
    ]


def _reasons(
    saved: SavedModel, rows: Rows, n_rows: int, texts: ReasonTexts, most: int
) -> list[list[dict[str, str]]]:
    neutral = saved.code.Columns(with_protected(saved, rows, None), n_rows)
    explained = saved.model.answer(neutral, explain=True).explanations
    names = [*texts.columns]
    n_features = len(names)  # the protected column, if there is one, comes after them
    errors = explained.standard_errors
    strongest = lowering(
        explained.contributions[:, :n_features],
        None if errors is None else errors[:, :n_features],
        most,
    )
    means = _means(saved)
    found = []
    for row, places in enumerate(strongest):
        columns = [names[place] for place in places]
        stated = [_statement(texts, means, name, rows[name][row]) for name in columns]
        found.append(
            [
                {"code": each.code, "text": each.text, "column": name}
                for name, each in zip(columns, stated, strict=True)
            ]
        )
    return found


def _means(saved: SavedModel) -> dict[str, float]:
    """Return the mean of each column of numbers, with which explanations compare a row."""
    columns = saved.model.encoder.columns
    return {column.name: column.mean for column in columns if hasattr(column, "mean")}


def _statement(texts: ReasonTexts, means: Mapping[str, float], column: str, cell: Any) -> Statement:
    own = texts.columns[column]
    if cell is None:
        return own.plain
    if column not in means:
        return own.values.get(value_text(cell).strip(), own.plain)
    return own.low if cell < means[column] else own.high if cell > means[column] else own.plain


def _said(change: Change, present: Any, texts: ReasonTexts) -> dict[str, Any]:
    before = texts.sentence("not_given") if present is None else value_text(present)
    values = {
        "name": texts.columns[change.column].name,
        "to": value_text(change.to),
        "from": before,
    }
    return {
        "column": change.column,
        "from": present,
        "to": change.to,
        "text": texts.sentence("change", **values),
    }


def _account(
    saved: SavedModel,
    reasons: list[dict[str, str]],
    changes: list[dict[str, Any]] | None,
    chance: float,
    texts: ReasonTexts,
) -> str:
    said = [texts.sentence("opening")]
    randomised = saved.description["randomised"]
    if reasons:
        each = [texts.sentence("reason", text=r["text"], code=r["code"]) for r in reasons]
        said.append(texts.sentence("reasons", reasons=texts.joined(each)))
    else:
        said.append(texts.sentence("no_reasons"))
        if not randomised:  # a draw can also go against a high score
            said.append(texts.sentence("below"))
    if changes is None:
        said.append(texts.sentence("nothing_changeable"))
    elif changes:
        listed = texts.joined((change["text"] for change in changes), "or")
        said.append(texts.sentence("changes", changes=listed))
    else:
        names = ", ".join(texts.columns[name].name for name in saved.changeable)
        said.append(texts.sentence("no_change", names=names))
    if randomised and saved.model.groups is not None:
        # The chance, and whether there was a draw at all, depend on the group.
        said.append(texts.sentence("some_drawn"))
    elif randomised and chance > 0:
        said.append(texts.sentence("drawn", chance=with_percent(chance)))
    return " ".join([*said, texts.sentence("closing")])
