"""The one door to a logged model: fetched, opened, asked through what is served."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.inference import InferenceModel, ModelError, load_model
from fairrun.inference.importing import without_bytecode
from fairrun.models.saved import ARTIFACT
from fairrun.tracking.names import METADATA

__all__ = ["OpenedModel", "fetch_model", "open_model"]


@dataclass(frozen=True)
class OpenedModel:
    """A model of fairrun's that MLflow has logged, ready to answer.

    Attributes
    ----------
    uri : str
        As it was asked for.
    folder : Path
        Its files.
    metadata : mlflow.models.Model
        What `MLmodel` says.
    mitigator : str
        The mitigator's name.
    columns : tuple of ProtectedColumn
        The protected columns as training saw them.
    dataset : dict
        The dataset spec as JSON, without its source.
    """

    uri: str
    folder: Path
    metadata: Model
    mitigator: str
    columns: tuple[ProtectedColumn, ...]
    dataset: dict[str, Any]
    _served: PyFuncModel

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns of its signature."""
        schema: Any = self.metadata.get_input_schema()  # type: ignore[no-untyped-call]
        return tuple(schema.input_names())

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predict through MLflow, as a server does.

        Raises
        ------
        RequestError
            If the rows lack a column or do not fit the signature. MLflow's own errors hold rows;
            this one does not.
        """
        missing = [name for name in self.inputs if name not in frame]
        if missing:
            raise RequestError(
                f"the data lacks the model's columns {missing}; give rows that have them"
            )
        try:
            return pd.DataFrame(self._served.predict(frame))
        except MlflowException as error:
            # The class of the model's own code, which is not this process's.
            if type(error).__name__ == "InputException":
                raise RequestError(error.message) from None
            schema: Any = self.metadata.get_input_schema()  # type: ignore[no-untyped-call]
            raise RequestError(
                f"the data does not fit the model's signature {schema.input_types_dict()}; "
                "give numbers where it has double, and text where it has string"
            ) from None

    def as_this_version_reads_it(
        self, frame: pd.DataFrame, answers: pd.DataFrame
    ) -> InferenceModel:
        """Open the model with this version's code, which is checked to be the same model.

        Explanations are computed by this version. They are of what is served only if both score
        alike.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows.
        answers : pandas.DataFrame
            What `predict` returned for them.

        Raises
        ------
        ModelError
            If this version cannot read the model, or a score differs in any bit.
        """
        model = load_model(self.folder / ARTIFACT)
        again = model.predict(frame)
        theirs, ours = (each["probability"].to_numpy() for each in (answers, again))
        if not np.array_equal(theirs, ours):
            raise ModelError(
                f"this version of fairrun scores {int((theirs != ours).sum())} of {len(frame)} "
                "rows otherwise than the model's own code; explain it with the version that "
                "trained it"
            )
        return model


def fetch_model(uri: str) -> tuple[Path, Model]:
    """Fetch the files of a logged model.

    Parameters
    ----------
    uri : str
        Any model URI: `runs:/<run id>/model`, `models:/<name>/<version>`, `models:/<name>@<alias>`,
        `models:/<model id>`, a folder.

    Raises
    ------
    RequestError
        If it cannot be fetched.
    """
    try:
        folder = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri))
        return folder, Model.load(folder)
    except (MlflowException, OSError, ValueError) as error:
        raise cannot_load(uri, error) from error


def cannot_load(uri: str, error: Exception) -> RequestError:
    """Say that a model cannot be had, and what to give."""
    return RequestError(
        f"model={uri} cannot be loaded ({type(error).__name__}); give a model URI such as "
        "runs:/<run id>/model or models:/<name>/<version>"
    )


def open_model(uri: str) -> OpenedModel:
    """Fetch and load a logged model.

    Parameters
    ----------
    uri : str
        As `fetch_model` takes it.

    Raises
    ------
    RequestError
        If it cannot be fetched, was not made by fairrun, or is refused by its own code.
    """
    folder, metadata = fetch_model(uri)
    ours: dict[str, Any] | None = (metadata.metadata or {}).get(METADATA)
    if ours is None:
        raise RequestError(f"model={uri} was not made by fairrun; give the URI that train printed")
    try:
        with without_bytecode():  # also by models whose own code would write some
            served: PyFuncModel = mlflow.pyfunc.load_model(str(folder))
    except (MlflowException, OSError, ValueError) as error:
        if type(error).__name__ == "ModelError":  # of the model's own code
            raise RequestError(f"model={uri} is refused: {error}") from error
        raise cannot_load(uri, error) from error
    return OpenedModel(
        uri,
        folder,
        metadata,
        str(ours["mitigator"]),
        _columns_of(ours),
        ours["dataset"],
        served,
    )


def _columns_of(ours: dict[str, Any]) -> tuple[ProtectedColumn, ...]:
    """Read a model's protected columns; models once held the groups of the first alone."""
    if "protected" in ours:
        return tuple(map(ProtectedColumn.from_dict, ours["protected"]))
    groups = ours["groups"]
    values = [*groups["group_a"], *groups["group_b"]]
    document = {"name": groups["column"], "values": values}
    return (ProtectedColumn.from_dict(groups | document),)
