"""The saved model as MLflow loads and serves it."""

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

#: The parameters of a prediction, and their defaults: whether to explain, by how many columns (0
#: for all), whether to give the contributions of all columns as a list, and whether to say what
#: would have to be different.
PARAMETERS: dict[str, bool | int] = {
    "explain": False,
    "top_k": 0,
    "feature_importance": False,
    "counterfactuals": False,
}


class InputException(MlflowException):
    """An `InputError` as MLflow's servers know it: status 400 and a message without values.

    MLflow's scoring server puts the rows of the request before the message of an MlflowException.
    They do not belong in an answer or a log, so this message cannot be set a second time.
    """

    def __init__(self, message: str) -> None:
        self._message = message
        super().__init__(message, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        """The message as it was raised."""
        return self._message

    @message.setter
    def message(self, _: str) -> None:
        return


class FairModel(PythonModel):
    """Answers raw rows with `prediction`, `probability` and `decision_probability`.

    Asked for by parameters, `explanation` says why, `feature_importance` says it as a plain list,
    and `counterfactuals` what would have to be different.
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
        """Answer raw rows; see `InferenceModel.answer`, and `PARAMETERS` for the parameters."""
        asked = PARAMETERS | (params or {})
        try:
            answers = self._model.answer(
                model_input,
                explain=asked["explain"] or asked["feature_importance"],
                counterfactuals=asked["counterfactuals"],
            )
            frame, explained = answers.to_frame(), answers.explanations
            if explained is not None and asked["explain"]:
                frame["explanation"] = pd.Series(explained.to_dicts(asked["top_k"]), dtype=object)
            if explained is not None and asked["feature_importance"]:
                frame["feature_importance"] = pd.Series(explained.plain(), dtype=object)
            if answers.counterfactuals is not None:
                frame["counterfactuals"] = pd.Series(answers.counterfactuals, dtype=object)
            return frame
        except InputError as error:
            raise InputException(str(error)) from None
