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
from fairrun.models.answers import Answers, read_answers
from fairrun.models.open import OpenedModel, fetch_model, open_model
from fairrun.models.seal import ARTIFACT
from fairrun.models.signature import column_kinds, fit_rows
from fairrun.tracking.names import METADATA

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

__all__ = ["OWN", "AnyModel", "open_any_model"]

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
    folder : Path
        The folder with its files.
    metadata : mlflow.models.Model
        The content of `MLmodel`.
    flavor : str
        The name of its flavour, such as "sklearn"; "fairrun" for a model that fairrun made.
    own : OpenedModel or None
        The model as `open_model` opens and checks it, if fairrun made it.
    """

    uri: str
    folder: Path
    metadata: Model
    flavor: str
    own: OpenedModel | None
    _served: PyFuncModel

    @property
    def mitigator(self) -> str:
        """The name of the mitigator; empty unless fairrun made the model."""
        return "" if self.own is None else self.own.mitigator

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
        answers = self.answers(frame, positive, threshold)
        columns: dict[str, Any] = {"prediction": answers.prediction}
        if answers.probability is not None:
            columns["probability"] = answers.probability
        answered = pd.DataFrame(columns, index=frame.index)
        answered.attrs["notes"] = answers.notes
        return answered

    def answers(
        self,
        frame: pd.DataFrame,
        positive: str | None = None,
        threshold: float | None = None,
        *,
        prediction: str | None = None,
        score: str | None = None,
    ) -> Answers:
        """Return the same as `predict`, also of a model that answers a table with other names.

        Parameters
        ----------
        frame, positive, threshold
            See `predict`.
        prediction, score : str, optional
            The columns of the answers with labels and scores, if they are not `prediction` and
            `probability`.

        Returns
        -------
        Answers
        """
        if self.own is not None:
            given = self.own.predict(frame)
            # Here 1 is the favourable outcome, whatever the target calls it.
            return read_answers(given, len(frame), threshold=threshold)
        return answers_of(
            self._served,
            frame,
            *(self.uri, positive, threshold),
            prediction=prediction,
            score=score,
        )


def answers_of(
    served: PyFuncModel,
    frame: pd.DataFrame,
    uri: str,
    positive: str | None = None,
    threshold: float | None = None,
    *,
    prediction: str | None = None,
    score: str | None = None,
) -> Answers:
    """Return the decisions of a model that MLflow has loaded; see `AnyModel.answers`.

    A classifier with scikit-learn's methods answers labels through MLflow. It is asked for its
    probabilities, too, whose order `classes_` tells.
    """
    raw = _raw(served)
    metadata = getattr(served, "metadata", None)  # a function as a model has none
    schema = None if metadata is None else _schema(metadata)
    # What scikit-learn's estimators keep serves as the signature of a model without one.
    names = tuple(getattr(raw, "feature_names_in_", ())) if schema is None else _names(schema)
    rows, notes = fit_rows(frame, names, schema)
    classes, probabilities, given = _classes(raw), None, None
    if classes is not None:
        probabilities = _ask(lambda: raw.predict_proba(rows), uri)
    if classes is None or _predicts_labels(served):
        given = _ask(lambda: served.predict(rows), uri)
    answers = read_answers(
        given,
        len(rows),
        positive=positive,
        threshold=threshold,
        prediction=prediction,
        score=score,
        classes=classes,
        class_probabilities=probabilities,
    )
    return Answers(answers.prediction, answers.probability, (*notes, *answers.notes))


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
    folder, metadata = fetch_model(uri)
    if METADATA in (metadata.metadata or {}) or (folder / ARTIFACT).is_dir():
        own = open_model(uri)
        return AnyModel(uri, own.folder, own.metadata, OWN, own, own._served)
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
    return AnyModel(uri, folder, metadata, flavor, None, served)


def _flavor(metadata: Model) -> str:
    """Return the name of the flavour; of several, the one that loads the model for pyfunc."""
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


def _predicts_labels(served: PyFuncModel) -> bool:
    config = served.metadata.flavors[_PYFUNC]
    return str(config.get("predict_fn", "predict")) == "predict"


def _ask(answer: Callable[[], Any], uri: str) -> Any:
    try:
        return answer()
    except Exception as error:  # its message can have values of rows
        raise RequestError(
            f"model={uri} cannot answer these rows ({type(error).__name__}); give the rows and "
            "types that it was trained with. mlflow.pyfunc.load_model(…).predict(…) says more"
        ) from None
