"""The MLflow model that loads a saved model and answers rows."""

from __future__ import annotations

from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from .artifact import load_model
from .errors import InputError
from .model import InferenceModel

__all__ = ["ARTIFACT_NAME", "PARAMETERS", "FairModel", "InputException"]

ARTIFACT_NAME = "inference"

#: The parameters of a prediction with their defaults. `explain` adds explanations, `top_k` limits
#: them to the largest contributions (0 for all), `feature_importance` adds the contributions of all
#: columns as a list, and `counterfactuals` adds changes that would change the label.
PARAMETERS: dict[str, bool | int] = {
    "explain": False,
    "top_k": 0,
    "feature_importance": False,
    "counterfactuals": False,
}

#: The largest number of times that a column stands in a table by mistake.
_FEW = 5


class InputException(MlflowException):
    """An `InputError` as an MLflow exception with status 400.

    MLflow's scoring server prepends the rows of the request to the message of an MlflowException.
    Rows must not be in an answer or a log, so the message of this exception cannot be changed.
    """

    def __init__(self, message: str) -> None:
        self._message = message
        super().__init__(message, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        """The original message."""
        return self._message

    @message.setter
    def message(self, _: str) -> None:
        return


class FairModel(PythonModel):
    """An MLflow model that returns `prediction`, `probability` and `decision_probability`.

    Parameters of the prediction add the columns `explanation`, `feature_importance` and
    `counterfactuals`; see `PARAMETERS`.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load and check the saved arrays."""
        self._model: InferenceModel = load_model(context.artifacts[ARTIFACT_NAME])

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return the answers to raw rows; see `InferenceModel.answer` and `PARAMETERS`."""
        asked = PARAMETERS | (params or {})
        try:
            _check_cells(model_input, self._model.columns)
            answers = self._model.answer(
                model_input,
                explain=asked["explain"] or asked["feature_importance"],
                counterfactuals=asked["counterfactuals"],
            )
            frame, explained = answers.to_frame(), answers.explanations
            if explained is not None and asked["explain"]:
                frame["explanation"] = _aligned(explained.to_dicts(asked["top_k"]), frame)
            if explained is not None and asked["feature_importance"]:
                frame["feature_importance"] = _aligned(explained.plain(), frame)
            if answers.counterfactuals is not None:
                frame["counterfactuals"] = _aligned(answers.counterfactuals, frame)
            return frame
        except InputError as error:
            raise InputException(str(error)) from None


def _check_cells(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    """Refuse a column that MLflow has filled with the name of the column.

    MLflow does so for columns of the type `any`, if one stands as many times as there are rows.
    """
    if isinstance(frame, pd.DataFrame) and 2 <= len(frame) <= _FEW:
        for name in names:
            if name in frame and [*frame[name]] == [name] * len(frame):
                raise InputError(f"duplicate column {name!r}", column=name)


def _aligned(values: list[Any], frame: pd.DataFrame) -> pd.Series:
    """Return one value for each row; without the index, pandas would assign them by label."""
    return pd.Series(values, index=frame.index, dtype=object)
