"""A description of the input of a model that JSON can represent."""

from __future__ import annotations

from typing import Any

from .encoder import Categorical
from .model import InferenceModel

__all__ = ["describe"]


def describe(model: InferenceModel) -> dict[str, Any]:
    """Return a description of the input of a model.

    A server of models of several versions uses this description and not the parts of the model.
    Later versions may add keys, but do not remove any.

    Parameters
    ----------
    model : InferenceModel
        The model.

    Returns
    -------
    dict
        `columns` : list of dict
            For each input column its `name`, `role` (feature, protected or row_key), `type` (number
            or text), whether it is `nullable`, `values` (the named categories, or the values of
            both groups; None for numbers, ranges, row keys and columns without a named category),
            `other_values` (whether other values are allowed too), `pooled` (whether other values
            are treated like rare ones; only for features), `other_spellings` (see `Categorical`;
            only for features) and an invented `example`.
        `randomised` : bool
            Whether predictions use random numbers.
        `explains` : bool
            Whether the model can explain its scores.
        `changeable` : list of str
            The columns that counterfactual hints may change.

    Examples
    --------
    >>> import numpy as np
    >>> from fairrun.inference import Encoder, LinearScorer, Numeric
    >>> encoder = Encoder((Numeric("age", mean=40.0, scale=10.0, fill=38.0),))
    >>> describe(InferenceModel(encoder, LinearScorer(np.array([1.0]), 0.0)))["columns"][0]
    {'name': 'age', 'role': 'feature', 'type': 'number', 'nullable': False, 'values': None,
     'other_values': True, 'pooled': False, 'other_spellings': False, 'example': 38.0}
    """
    encoder, groups, draws = model.encoder, model.groups, model.draws
    columns = [
        {
            "name": column.name,
            "role": "feature",
            "type": "text" if isinstance(column, Categorical) else "number",
            "nullable": encoder.impute,
            "values": list(column.categories) or None if isinstance(column, Categorical) else None,
            "other_values": encoder.unseen == "ignore"
            or not isinstance(column, Categorical)
            or column.pooled,
            "pooled": isinstance(column, Categorical) and column.pooled,
            "other_spellings": isinstance(column, Categorical) and column.other_spellings,
            "example": column.fill,
        }
        for column in encoder.columns
    ]
    if groups is not None:
        columns.append(
            {
                "name": groups.column,
                "role": "protected",
                "type": "text" if groups.is_text else "number",
                "nullable": True,
                "values": None if groups.ranges else list(groups.values),
                "other_values": True,
                "example": groups.examples[0],
            }
        )
    if draws is not None and draws.row_key is not None:
        columns.append(
            {
                "name": draws.row_key,
                "role": "row_key",
                "type": "text" if draws.row_key_is_text else "number",
                "nullable": False,
                "values": None,
                "other_values": True,
                "example": "1" if draws.row_key_is_text else 1.0,
            }
        )
    return {
        "columns": columns,
        "randomised": draws is not None,
        "explains": model.background is not None,
        "changeable": [changeable.name for changeable in model.changeable],
    }
