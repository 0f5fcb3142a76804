"""Open a model of any MLflow flavour, whoever made it, for audits of its decisions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.pyfunc.model import PythonModel
from mlflow.types import Schema

from fairrun.errors import RequestError
from fairrun.models.answers import read_answers
from fairrun.models.open import OpenedModel, fetch_model, open_model
from fairrun.models.seal import ARTIFACT
from fairrun.models.signature import column_kinds, fit_rows
from fairrun.tracking.names import METADATA

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

__all__ = ["OWN", "AnyModel", "loaded_model", "open_any_model", "open_as_made"]

_logger = logging.getLogger(__name__)

#: The flavour of models that fairrun made.
OWN = "fairrun"
_PYFUNC = "python_function"
_VARIABLE = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"


@dataclass(frozen=True)
class AnyModel:
    """A logged model of any flavour.

    Attributes
    ----------
    uri : str
        The model URI as it was given.
    folder : Path or None
        The folder with its files; None if MLflow had loaded it before.
    metadata : mlflow.models.Model
        The content of `MLmodel`.
    flavor : str
        The name of its flavour, such as "sklearn"; "fairrun" for a model that fairrun made.
    prediction, score : str or None
        The columns of its answers with labels and scores, if it answers a table with other names
        than `prediction` and `probability` or `score`.
    """

    uri: str
    folder: Path | None
    metadata: Model
    flavor: str
    _served: PyFuncModel
    prediction: str | None = None
    score: str | None = None

    @property
    def mitigator(self) -> str:
        """The name of the mitigator; empty unless fairrun made the model."""
        ours: dict[str, Any] = (self.metadata.metadata or {}).get(METADATA) or {}
        return str(ours.get("mitigator", ""))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns of its signature; empty if it has none."""
        schema = _schema(self.metadata)
        return () if schema is None else _names(schema)

    @property
    def types(self) -> Mapping[str, str]:
        """The inputs that are numbers or categories, as `DatasetSpec.types` has them."""
        schema = _schema(self.metadata)
        return {} if schema is None else column_kinds(schema)

    def predict(
        self, frame: pd.DataFrame, positive: str | None = None, threshold: float | None = None
    ) -> pd.DataFrame:
        """Return the decisions on rows, and the probabilities if the model can tell them.

        Parameters
        ----------
        frame : pandas.DataFrame
            The rows. Columns that are not in the signature, such as protected ones, are not given
            to the model.
        positive, threshold
            See `fairrun.models.answers.read_answers`.

        Returns
        -------
        pandas.DataFrame
            The column `prediction` (1 is the favourable outcome) and, if it is known, the column
            `probability` (of the favourable outcome), with the index of the rows. Its
            ``attrs["notes"]`` says what was decided, one sentence each.

        Raises
        ------
        RequestError
            If the rows do not fit the signature, the model cannot answer them, or its answers are
            not decisions; see `read_answers`.
        """
        raw, schema = _raw(self._served), _schema(self.metadata)
        names = _own_names(raw) if schema is None else _names(schema)
        # Our own models have an input policy, and answer each dtype or say what is wrong.
        is_own = self.flavor == OWN
        fitted, notes = fit_rows(frame, names, schema)
        rows = frame if is_own else fitted
        classes, probabilities, given = _classes(raw), None, None
        if classes is not None:
            probabilities = self._ask(lambda: raw.predict_proba(rows))
        if classes is None or _predicts_labels(self.metadata):
            given = self._ask(lambda: self._served.predict(rows))
        answers = read_answers(
            given,
            len(rows),
            # Our own models answer 1 for the favourable outcome, whatever the target calls it.
            positive=None if is_own else positive,
            threshold=threshold,
            prediction=self.prediction,
            score=self.score,
            classes=classes,
            class_probabilities=probabilities,
        )
        columns: dict[str, Any] = {"prediction": answers.prediction}
        if answers.probability is not None:
            columns["probability"] = answers.probability
        answered = pd.DataFrame(columns, index=frame.index)
        answered.attrs["notes"] = (*notes, *answers.notes)
        return answered

    def _ask(self, answer: Callable[[], Any]) -> Any:
        try:
            return answer()
        except Exception as error:  # its message can have values of rows
            # The class belongs to the code of one of our models, whose messages have no values.
            if type(error).__name__ == "InputException":
                raise RequestError(str(getattr(error, "message", error))) from None
            raise RequestError(
                f"model={self.uri} cannot answer these rows ({type(error).__name__}); give the "
                "rows and types that it was trained with. "
                "mlflow.pyfunc.load_model(…).predict(…) says more"
            ) from None


def loaded_model(
    served: PyFuncModel,
    uri: str,
    *,
    model_id: str | None = None,
    prediction: str | None = None,
    score: str | None = None,
) -> AnyModel:
    """Return a model that MLflow has loaded, or a function that stands for one.

    Parameters
    ----------
    served : PyFuncModel
        The model.
    uri : str
        How it is called in messages and reports.
    model_id : str, optional
        MLflow's id of a model whose metadata do not have it.
    prediction, score : str, optional
        See `AnyModel`.
    """
    # A function, with which MLflow evaluates what is no model, has no metadata.
    metadata = getattr(served, "metadata", None) or Model(model_uuid=None)
    if model_id is not None and metadata.model_id is None:
        metadata.model_id = model_id
    return AnyModel(uri, None, metadata, _flavor(metadata), served, prediction, score)


def open_any_model(uri: str) -> AnyModel:
    """Download and load a logged model of any flavour.

    A model that fairrun made goes through `open_model`, with all its checks. A warning says that
    loading another model may run code that was saved with it.

    Parameters
    ----------
    uri : str
        A model URI; see `fetch_model`.

    Returns
    -------
    AnyModel

    Raises
    ------
    RequestError
        If the model cannot be loaded, a package of its flavour is missing, or it needs a pickle and
        ``MLFLOW_ALLOW_PICKLE_DESERIALIZATION`` is false.
    """
    model = open_as_made(uri)
    if isinstance(model, AnyModel):
        return model
    return AnyModel(uri, model.folder, model.metadata, OWN, model._served)


def open_as_made(uri: str) -> OpenedModel | AnyModel:
    """Return a model that fairrun made as `open_model` does, and another as `open_any_model`."""
    folder, metadata = fetch_model(uri)
    if METADATA in (metadata.metadata or {}) or (folder / ARTIFACT).is_dir():
        return open_model(uri)
    flavor = _flavor(metadata)
    if _PYFUNC not in metadata.flavors:
        raise RequestError(
            f"model={uri} has no python_function flavour ({flavor} only), so it cannot be asked; "
            "log it with MLflow's log_model of its flavour"
        )
    _logger.warning(
        "warning: fairrun did not make this model (flavour %s), and loading it may run code that "
        "was saved with it; only load models of people you trust",
        flavor,
    )
    try:
        served: PyFuncModel = mlflow.pyfunc.load_model(str(folder))
    except ModuleNotFoundError as error:
        raise RequestError(
            f"model={uri} needs the package {error.name}, which is not installed here; install "
            "what the requirements.txt of the model lists, and use --env-manager local"
        ) from error
    except Exception as error:  # whatever the code of somebody else raises
        if isinstance(error, MlflowException) and _VARIABLE in error.message:
            raise RequestError(
                f"model={uri} is refused, because its flavour {flavor} is loaded from a pickle or "
                f"the like, and {_VARIABLE} is false; set it to true if you trust the model"
            ) from None
        raise RequestError(
            f"model={uri} cannot be loaded by its flavour {flavor} ({type(error).__name__}); "
            "mlflow.pyfunc.load_model says more"
        ) from error
    return AnyModel(uri, folder, metadata, flavor, served)


def _flavor(metadata: Model) -> str:
    """Return the name of the flavour; of several, the one that loads the model for pyfunc."""
    if METADATA in (metadata.metadata or {}):
        return OWN
    loader = str(metadata.flavors.get(_PYFUNC, {}).get("loader_module", ""))
    others = [name for name in metadata.flavors if name != _PYFUNC]
    named = [name for name in others if loader == f"mlflow.{name}"]
    return next(iter(named or others), _PYFUNC)


def _schema(metadata: Model) -> Schema | None:
    """Return the inputs of a signature, if they have names."""
    schema: Any = metadata.get_input_schema()  # type: ignore[no-untyped-call]
    return schema if schema is not None and schema.has_input_names() else None


def _names(schema: Schema) -> tuple[str, ...]:
    return tuple(map(str, schema.input_names()))


def _raw(served: PyFuncModel) -> Any:
    """Return the object that a flavour wraps; None for code that somebody wrote for pyfunc."""
    try:
        raw = served.get_raw_model()  # type: ignore[no-untyped-call]
    except NotImplementedError:
        return None
    return None if isinstance(raw, PythonModel) else raw


def _classes(raw: Any) -> list[Any] | None:
    """Return the classes of a classifier that tells their probabilities; None for other models."""
    if not hasattr(raw, "predict_proba") or not hasattr(raw, "classes_"):
        return None
    return list(np.asarray(raw.classes_).tolist())


def _predicts_labels(metadata: Model) -> bool:
    config = metadata.flavors.get(_PYFUNC, {})
    return str(config.get("predict_fn", "predict")) == "predict"


def _own_names(raw: Any) -> tuple[str, ...]:
    """Return the columns that a model without a signature keeps; empty if it keeps none.

    scikit-learn's estimators have `feature_names_in_`, XGBoost's boosters `feature_names`, and
    LightGBM's boosters a method.
    """
    names = getattr(raw, "feature_names_in_", None)
    names = getattr(raw, "feature_names", None) if names is None else names
    names = raw.feature_name() if names is None and hasattr(raw, "feature_name") else names
    return () if names is None else tuple(map(str, names))
