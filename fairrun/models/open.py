"""Load logged models through MLflow, for evaluations."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.inference import InferenceModel, ModelError, load_model
from fairrun.models.address import cannot_load, check_address
from fairrun.models.missing import say_missing
from fairrun.models.seal import ARTIFACT, check_files
from fairrun.tracking.names import CONSTRAINT, METADATA, NOT_AGAIN, SCORE_SCALE
from fairrun.tracking.store import reading

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

__all__ = ["OpenedModel", "fetch_model", "open_model"]

#: How the URIs of models start that MLflow looks up in the tracking store.
_IN_TRACKING_STORE = ("runs:", "models:")


@dataclass(frozen=True)
class OpenedModel:
    """A logged model of fairrun that was loaded through MLflow.

    Attributes
    ----------
    uri : str
        The model URI as it was given.
    folder : Path
        The folder with its files.
    metadata : mlflow.models.Model
        The content of `MLmodel`.
    mitigator : str
        The name of the mitigator.
    protected : tuple of ProtectedColumn
        The protected columns with the values of the training rows.
    dataset : dict
        The dataset spec as JSON, without its source.
    constraint : str
        The constraint of the mitigator as the text of a gate; empty if it has none. Models of
        earlier versions do not have it.
    """

    uri: str
    folder: Path
    metadata: Model
    mitigator: str
    protected: tuple[ProtectedColumn, ...]
    dataset: dict[str, Any]
    constraint: str
    _served: PyFuncModel

    @property
    def not_again(self) -> str:
        """Why the rows of its training cannot be read again; empty if they can."""
        ours: dict[str, Any] = (self.metadata.metadata or {})[METADATA]
        return str(ours.get(NOT_AGAIN, ""))

    @property
    def of_scores(self) -> bool:
        """Whether the model is a rule on scores that another model computed."""
        return SCORE_SCALE in (self.metadata.metadata or {})[METADATA]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The input columns of its signature."""
        schema: Any = self.metadata.get_input_schema()  # type: ignore[no-untyped-call]
        return tuple(schema.input_names())

    @property
    def features(self) -> tuple[str, ...]:
        """The input columns that are neither a protected column nor the key of a row."""
        ours: dict[str, Any] = (self.metadata.metadata or {})[METADATA]
        if "columns" in ours:
            return tuple(each["name"] for each in ours["columns"] if each["role"] == "feature")
        # Models of earlier versions do not say what their columns are for.
        protected = {column.name for column in self.protected}
        return tuple(name for name in self.inputs if name not in protected)

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the answers to raw rows through MLflow, as a server does.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows.

        Returns
        -------
        pandas.DataFrame
            The columns `prediction`, `probability` and `decision_probability`, with the index of
            the rows.

        Raises
        ------
        RequestError
            If the rows lack a column or do not fit the signature. MLflow's errors contain rows,
            and this error does not.
        """
        missing = [name for name in self.inputs if name not in frame]
        if missing:
            raise RequestError(
                f"the data has no columns {missing}, which the model needs; give rows with them"
            )
        try:
            # Models of earlier versions answer with an index of their own.
            return pd.DataFrame(self._served.predict(frame)).set_axis(frame.index)
        except MlflowException as error:
            # The class belongs to the model's own code, so `isinstance` cannot recognise it.
            if type(error).__name__ == "InputException":
                raise RequestError(error.message) from None
            schema: Any = self.metadata.get_input_schema()  # type: ignore[no-untyped-call]
            raise RequestError(
                f"the data does not fit the model's signature {schema.input_types_dict()}; "
                "give each column once, numbers where it has double, and text where it has string"
            ) from None

    def as_this_version_reads_it(
        self, frame: pd.DataFrame, answers: pd.DataFrame
    ) -> InferenceModel:
        """Load the model with the code of this version, and check that the scores are equal.

        This version computes the explanations. They explain the served model only if both codes
        give the same scores.

        Parameters
        ----------
        frame : pandas.DataFrame
            Raw rows.
        answers : pandas.DataFrame
            The result of `predict` for them.

        Returns
        -------
        InferenceModel

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
                "rows differently than the model's own code; explain the model with the version "
                "that trained it"
            )
        return model


_bytecode = threading.Lock()
#: One entry for each open block: the setting before the first of them was opened.
_open_blocks: list[bool] = []


@contextmanager
def _without_bytecode() -> Iterator[None]:
    """Keep Python from writing compiled files in the block, in several threads at once too."""
    with _bytecode:
        _open_blocks.append(_open_blocks[0] if _open_blocks else sys.dont_write_bytecode)
        sys.dont_write_bytecode = True
    try:
        yield
    finally:
        with _bytecode:
            sys.dont_write_bytecode = _open_blocks.pop() or bool(_open_blocks)


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """Keep MLflow from printing a bar for each download, unless the user has set its variable."""
    ours = not MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.is_set()  # type: ignore[no-untyped-call]
    if ours:
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if ours:
            MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.unset()  # type: ignore[no-untyped-call]


def fetch_model(uri: str, into: Path | None = None) -> tuple[Path, Model]:
    """Download the files of a logged model.

    Parameters
    ----------
    uri : str
        Any model URI: ``runs:/<run id>/model``, ``models:/<name>/<version>``,
        ``models:/<name>@<alias>``, ``models:/<model id>`` or a folder.
    into : Path, optional
        A folder for the files. By default, MLflow chooses one, or the files of a store on this
        machine are used where they are.

    Returns
    -------
    folder : Path
        The folder with its files.
    metadata : mlflow.models.Model
        The content of `MLmodel`.

    Raises
    ------
    RequestError
        If the model cannot be loaded.
    StoreError
        If the tracking store or the artifact store cannot be used.
    """
    check_address(uri)
    # A folder is read without the store, so that a model can be served where there is none.
    with reading(lambda: say_missing(uri), from_tracking=uri.startswith(_IN_TRACKING_STORE)):
        with _without_progress_bars():
            place = None if into is None else str(into)
            downloaded = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=place)
            folder = Path(downloaded)
        if not (folder / "MLmodel").is_file():
            raise RequestError(say_missing(uri))
    if (folder / ARTIFACT).is_dir():  # otherwise fairrun has not made the model
        with _refusing(uri):
            check_files(folder)
    try:
        metadata = Model.load(folder)
        ours = (metadata.metadata or {}).get(METADATA)
    except Exception as error:  # whatever a damaged file raises
        raise RequestError(
            f"model={uri} is refused: MLmodel cannot be read ({type(error).__name__}); fetch the "
            "model again, or train it again"
        ) from error
    if ours is not None and not isinstance(ours, dict):
        raise RequestError(f"model={uri} is refused: MLmodel was changed; fetch the model again")
    return folder, metadata


def open_model(uri: str) -> OpenedModel:
    """Download and load a logged model.

    Parameters
    ----------
    uri : str
        A model URI; see `fetch_model`.

    Returns
    -------
    OpenedModel

    Raises
    ------
    RequestError
        If the model cannot be loaded, was not made by fairrun, or does not pass the checks of its
        own code.
    """
    folder, metadata = fetch_model(uri)
    ours: dict[str, Any] | None = (metadata.metadata or {}).get(METADATA)
    if ours is None:
        raise RequestError(f"model={uri} was not made by fairrun; give the URI that train printed")
    try:
        # Models of earlier versions do not prevent compiled files themselves.
        with _without_bytecode():
            served: PyFuncModel = mlflow.pyfunc.load_model(str(folder))
        return OpenedModel(
            uri,
            folder,
            metadata,
            str(ours["mitigator"]),
            _columns_of(ours),
            ours["dataset"],
            str(ours.get(CONSTRAINT, "")),
            served,
        )
    except Exception as error:  # whatever changed files raise in the code of earlier versions
        if type(error).__name__ == "ModelError":  # the class of the model's own code
            raise RequestError(f"model={uri} is refused: {error}") from error
        because = f"its files cannot be used ({type(error).__name__})"
        raise RequestError(cannot_load(uri, because, "fetch it again, or train again")) from error


@contextmanager
def _refusing(uri: str) -> Iterator[None]:
    """Say which model a RequestError of the block is about."""
    try:
        yield
    except RequestError as error:
        raise RequestError(f"model={uri} is refused: {error}") from error


def _columns_of(ours: dict[str, Any]) -> tuple[ProtectedColumn, ...]:
    """Return the protected columns of a model.

    Models of earlier versions have only the groups of the first protected column.
    """
    if "protected" in ours:
        return tuple(map(ProtectedColumn.from_dict, ours["protected"]))
    groups = ours["groups"]
    values = [*groups["group_a"], *groups["group_b"]]
    document = {"name": groups["column"], "values": values}
    return (ProtectedColumn.from_dict(groups | document),)
