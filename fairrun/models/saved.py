"""Load a saved model with its own code, without MLflow."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fairrun.errors import RequestError
from fairrun.inference.importing import import_code
from fairrun.models.seal import ARTIFACT, CODE, check_files

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SavedModel", "load_saved"]

#: The names in a model's own code that the server uses.
_NEEDED = ("Columns", "InputError", "ModelError", "describe", "load_model")


@dataclass(frozen=True)
class SavedModel:
    """A model that its own code has loaded and checked.

    Attributes
    ----------
    code : module
        The inference code that was saved with the model. Its version may differ from this one.
    model : InferenceModel
        The model, an object of that code.
    description : dict
        The description of the input; see `fairrun.inference.describe`.
    """

    code: ModuleType
    model: Any
    description: dict[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the input columns."""
        return tuple(column["name"] for column in self.description["columns"])

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the answers to raw rows. Every server of this model gives the same answers.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows. The order of columns does not matter, and other columns are ignored.

        Returns
        -------
        pandas.DataFrame
            A row for each given row with `prediction` (1 is the favourable outcome), `probability`
            (before post-processing) and `decision_probability` (P(prediction = 1 | row)), with the
            index of the rows.

        Raises
        ------
        ValueError
            If the rows do not meet the input policy. The class is `InputError` of the model's code.
        """
        answers: pd.DataFrame = self.model.predict(frame)
        # Models of earlier versions answer with an index of their own.
        return answers.set_axis(frame.index) if hasattr(frame, "index") else answers

    @property
    def explains(self) -> bool:
        """Whether the model can explain its scores; some earlier versions cannot."""
        return bool(self.description.get("explains", False))

    @property
    def changeable(self) -> tuple[str, ...]:
        """The columns that counterfactual hints may change; empty for some earlier versions."""
        return tuple(self.description.get("changeable", ()))


def load_saved(folder: Path) -> SavedModel:
    """Load a model from its folder.

    Parameters
    ----------
    folder : Path
        The folder of a logged model, with `MLmodel`, `code/inference` and `artifacts/inference`.

    Returns
    -------
    SavedModel

    Raises
    ------
    RequestError
        If fairrun did not make the model, a file was changed, the format is unknown, or the answer
        to a golden row differs from that at the time of saving.
    """
    if not (folder / CODE / "__init__.py").is_file():
        raise RequestError(
            "the model was not made by fairrun; give the model URI that train printed"
        )
    check_files(folder)
    try:
        code = import_code(folder / CODE)
    except Exception as error:  # whatever changed code may raise
        raise RequestError(
            f"the model's own code cannot be run ({type(error).__name__}): a file is missing or "
            "was changed; fetch the model again, or train it again"
        ) from error
    if not all(hasattr(code, name) for name in _NEEDED):
        raise RequestError(
            "the model was saved by a version without a server; train it again, or use "
            "mlflow models serve"
        )
    try:
        model = code.load_model(folder / ARTIFACT)
        return SavedModel(code, model, code.describe(model))
    except code.ModelError as error:
        raise RequestError(str(error)) from error
    except Exception as error:  # whatever changed files raise in the code of earlier versions
        raise RequestError(
            f"the model's files cannot be used ({type(error).__name__}): one was changed; fetch "
            "the model again, or train it again"
        ) from error
