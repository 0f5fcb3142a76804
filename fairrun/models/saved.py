"""A saved model and the code it was saved with, without MLflow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fairrun.errors import RequestError
from fairrun.inference.importing import import_code

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ARTIFACT", "SavedModel", "load_saved"]

_CODE, ARTIFACT = Path("code", "inference"), Path("artifacts", "inference")
#: All that the app asks of a model's own code.
_NEEDED = ("Columns", "InputError", "ModelError", "describe", "load_model")


@dataclass(frozen=True)
class SavedModel:
    """A model that was loaded and whose golden answers were checked, by its own code.

    Attributes
    ----------
    code : module
        The inference code that was saved with it; of its version, not of this process's.
    model : InferenceModel
        The model, as that code has it.
    description : dict
        Its input; see `fairrun.inference.describe`.
    """

    code: ModuleType
    model: Any
    description: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that it reads."""
        return tuple(column["name"] for column in self.description["columns"])

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Answer raw rows, as every server of this model does.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows; columns in any order, others ignored.

        Returns
        -------
        pandas.DataFrame
            One row for each row: `prediction` (1 = the favourable outcome), `probability` (the
            score before any decision) and `decision_probability` (P(prediction = 1 | row)).

        Raises
        ------
        ValueError
            If the rows do not meet the input policy (the model's own `InputError`).
        """
        answers: pd.DataFrame = self.model.predict(frame)
        return answers

    @property
    def explains(self) -> bool:
        """Whether it can be asked why; what was saved before there were explanations cannot."""
        return bool(self.description.get("explains", False))

    @property
    def changeable(self) -> tuple[str, ...]:
        """The columns that counterfactual hints may change; none of what was saved before them."""
        return tuple(self.description.get("changeable", ()))


def load_saved(folder: Path) -> SavedModel:
    """Load a model from the folder that MLflow keeps it in.

    Parameters
    ----------
    folder : Path
        A logged model: `MLmodel`, `code/inference` and `artifacts/inference`.

    Raises
    ------
    RequestError
        If this is no model of fairrun's, or it is refused: of an unknown format, with a file that
        was changed, or with golden rows that are answered otherwise than when it was saved.
    """
    if not (folder / _CODE / "__init__.py").is_file():
        raise RequestError("it was not made by fairrun; give the URI that train printed")
    code = import_code(folder / _CODE)
    if not all(hasattr(code, name) for name in _NEEDED):
        raise RequestError(
            "it was saved before there was an app; train it again, or use mlflow models serve"
        )
    try:
        model = code.load_model(folder / ARTIFACT)
    except code.ModelError as error:
        raise RequestError(str(error)) from error
    return SavedModel(code, model, code.describe(model))
