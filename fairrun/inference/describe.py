"""What a model takes, in words that JSON can hold."""

from __future__ import annotations

from typing import Any

from .encoder import Categorical
from .model import InferenceModel

__all__ = ["describe"]


def describe(model: InferenceModel) -> dict[str, Any]:
    """Describe the input of a model.

    An app that serves models of several versions reads this, and not the model's parts: the keys
    stay, and later versions may add some.

    Parameters
    ----------
    model : InferenceModel
        The model.

    Returns
    -------
    dict
        `columns`: for each that is read its `name`, `role` (feature, protected, row_key), `type`
        (number, text), `nullable`, `values` (the categories seen in training, or the values of the
        two groups; None where any will do), `other_values` (whether others are answered too) and
        an `example`, which is nobody's. `randomised`: whether labels are drawn. `explains`:
        whether the model can be asked why. `changeable`: the columns that counterfactual hints
        may change, if there are any.

    Examples
    --------
    >>> import numpy as np
    >>> from fairrun.inference import Encoder, LinearScorer, Numeric
    >>> encoder = Encoder((Numeric("age", mean=40.0, scale=10.0, fill=38.0),))
    >>> describe(InferenceModel(encoder, LinearScorer(np.array([1.0]), 0.0)))["columns"][0]
    {'name': 'age', 'role': 'feature', 'type': 'number', 'nullable': False, 'values': None,
     'other_values': True, 'example': 38.0}
    """
    encoder, groups, draws = model.encoder, model.groups, model.draws
    columns = [
        {
            "name": column.name,
            "role": "feature",
            "type": "text" if isinstance(column, Categorical) else "number",
            "nullable": encoder.impute,
            "values": list(column.categories) if isinstance(column, Categorical) else None,
            "other_values": encoder.unseen == "ignore" or not isinstance(column, Categorical),
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
                "values": list(groups.values),
                "other_values": True,
                "example": groups.group_a[0],
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
