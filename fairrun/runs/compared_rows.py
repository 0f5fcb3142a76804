"""The rows on which two models are compared, with the decisions of both."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from mlflow.data.pandas_dataset import PandasDataset

from fairrun.data import (
    DatasetSpec,
    Decisions,
    DecisionsRequest,
    ReadOptions,
    Rows,
    load_source,
    read_decisions,
    read_outcome,
)
from fairrun.errors import RequestError
from fairrun.groups import ProtectedColumn
from fairrun.models.any_model import AnyModel
from fairrun.models.open import OpenedModel
from fairrun.runs.evaluate import rows_to_measure
from fairrun.runs.measure import protected_columns
from fairrun.text import n_of
from fairrun.tracking.datasets import log_decisions, log_input, log_notes, read_spec
from fairrun.tracking.looks import Looks, log_looks

__all__ = [
    "ComparedRows",
    "check_alike",
    "have_same_splits",
    "rows_of_columns",
    "rows_of_models",
]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ComparedRows:
    """The rows of a comparison.

    Attributes
    ----------
    a, b : Decisions
        The same rows with the decisions of model A and of model B.
    columns : tuple of ProtectedColumn
        The protected columns.
    spec : DatasetSpec
        The dataset spec.
    which : str
        "test" for the test split, or "evaluation" for other rows.
    n_dropped : int
        The number of rows that were left out.
    """

    a: Decisions
    b: Decisions
    columns: tuple[ProtectedColumn, ...]
    spec: DatasetSpec
    which: str
    n_dropped: int

    @property
    def _split(self) -> Rows:
        assert self.a.label is not None  # noqa: S101  a split has labels
        return Rows(self.a.frame, self.a.label, self.a.weight, self.a.cluster)

    def log(self) -> PandasDataset:
        """Log the rows as the input of the active run."""
        if self.which == "test":
            return log_input(self._split, self.spec, context="test")
        return log_decisions(self.a, self.spec.name, self.spec.source, self.spec.target)

    def look(self, models: Sequence[OpenedModel | AnyModel]) -> Looks | None:
        """Count a look at the test split, as tags of the active run; None for other rows."""
        if self.which != "test":
            return None
        digest = self._split.split_digest(self.spec.protected[0].column)
        return [log_looks(digest, each.metadata.model_id, each.uri) for each in models][-1]


def rows_of_models(
    models: Sequence[OpenedModel | AnyModel], data: str | DecisionsRequest | None, min_cell: int
) -> ComparedRows:
    """Return the answers of two models to the same rows.

    Parameters
    ----------
    models : sequence of OpenedModel or AnyModel
        Model A and model B.
    data : str, DecisionsRequest or None
        A run of `preprocess`, whose test split is used; a table; or None for the test split of the
        data that both models were trained on.
    min_cell : int
        The fewest rows of a protected value that has a name, if no model has it.

    Raises
    ------
    RequestError
        If the models differ in target or protected columns, were trained on different data and no
        data are given, or the data lack a column that a model needs.
    """
    own = [model for model in models if isinstance(model, OpenedModel)]
    if len(own) == 2:
        check_alike(*own)
    if isinstance(data, DecisionsRequest):
        is_plain = data == DecisionsRequest(data.data, read=data.read)
        if len(own) < 2 or not is_plain or own[0].dataset["target"] not in _header(own[0], data):
            return _of_table(models, own, data, min_cell)
        # As in `evaluate`, rows are left out that the models cannot answer.
        return _of_own(own, data.data, data.read)
    if len(own) < 2:
        raise RequestError(
            "data is needed, because a model was not made by fairrun, so its data are not known; "
            "give data=… with the columns of both models"
        )
    if data is None and not have_same_splits(*own):
        raise RequestError(
            "the models were trained on different data or splits, so they have no common test "
            "split; give data=… with rows that neither of them was trained on"
        )
    return _of_own(own, data, None)


def rows_of_columns(
    request: DecisionsRequest, predictions: Sequence[str], min_cell: int
) -> ComparedRows:
    """Return the rows of a table that has the decisions of both models in two columns.

    Parameters
    ----------
    request : DecisionsRequest
        The table, without a column of decisions.
    predictions : sequence of str
        The columns with the decisions of model A and of model B.
    min_cell : int
        The fewest rows of a protected value that has a name.

    Raises
    ------
    RequestError
        If the table cannot be read, or a row has a decision in only one of the columns.
    """
    first, second = predictions
    table = read_decisions(replace(request, prediction=first))
    decisions, favourable = table.decisions, table.request.favourable
    if second not in decisions.frame:
        raise RequestError(
            f"predictions={first},{second}: the table has no column {second!r} of decisions; give "
            "two columns with the same two values"
        )
    column = decisions.frame[second]
    if n_null := int(column.isna().sum()):
        raise RequestError(
            f"{n_of(n_null, 'row')} with a decision in {first} have none in {second}; leave "
            f"them out with where='{second}=…|…' and its two values"
        )
    other = read_outcome(column, "predictions", "favourable", favourable)
    columns = protected_columns(decisions.frame, table.spec.protected, min_cell)
    log_notes(decisions.notes, table.n_dropped)
    b = replace(decisions, prediction=other.label)
    return ComparedRows(decisions, b, columns, table.spec, "evaluation", table.n_dropped)


def _of_own(own: Sequence[OpenedModel], data: str | None, read: ReadOptions | None) -> ComparedRows:
    spec, rows, which, n_dropped = rows_to_measure(own[0], data, None, read)
    a, b = (Decisions.of_answers(model.predict(rows.frame), rows) for model in own)
    return ComparedRows(a, b, own[0].protected, spec, which, n_dropped)


def _of_table(
    models: Sequence[OpenedModel | AnyModel],
    own: Sequence[OpenedModel],
    request: DecisionsRequest,
    min_cell: int,
) -> ComparedRows:
    favourable = request.positive
    if own:
        favourable = favourable or str(own[0].dataset["positive"])
        request = _like(own[0], request, _header(own[0], request))
    of_b: list[pd.DataFrame] = []

    def predict(frame: pd.DataFrame, positive: str | None, threshold: float | None) -> pd.DataFrame:
        """Ask both models for the same rows, and keep the answers of model B."""
        a, b = (
            model.predict(frame)
            if isinstance(model, OpenedModel)
            else model.predict(frame, positive or favourable, threshold)
            for model in models
        )
        of_b.append(b)
        return a

    table = read_decisions(request, predict=predict)
    a = table.decisions
    answers = of_b[0]
    score = answers["probability"].to_numpy(np.float64) if "probability" in answers else None
    b = replace(a, prediction=answers["prediction"].to_numpy(np.int64), score=score)
    columns = own[0].protected if own else ()
    if [column.name for column in columns] != list(table.request.protected or ()):
        columns = protected_columns(a.frame, table.spec.protected, min_cell)
    log_notes(a.notes, table.n_dropped)
    return ComparedRows(a, b, columns, table.spec, "evaluation", table.n_dropped)


def _header(model: OpenedModel, request: DecisionsRequest) -> list[str]:
    """Return the columns of a table, read as the data of a model unless the request says how."""
    spec = DatasetSpec.from_dict({"reading": 1} | model.dataset | {"source": request.data})
    table = load_source(request.data, request.read or spec.read, reading=spec.reading)
    return [str(name) for name in table.frame.columns]


def _like(model: OpenedModel, request: DecisionsRequest, header: Sequence[str]) -> DecisionsRequest:
    """Return a request in which what was not given is as in the data of a model."""
    spec = DatasetSpec.from_dict({"reading": 1} | model.dataset | {"source": request.data})
    groups = [each.texts for each in spec.protected]
    has_labels = spec.target in header or request.target is not None
    if not has_labels:
        _logger.info(
            "the data have no column %s, the target of the models, so what needs labels is not "
            "compared",
            spec.target,
        )
    types = {name: kind for name, kind in spec.types if name in header and name != spec.target}
    known: dict[str, Any] = {
        "target": spec.target if has_labels else None,
        "positive": spec.positive if has_labels else None,
        "protected": [each.column for each in spec.protected],
        "privileged": [a for a, _ in groups],
        "unprivileged": [b for _, b in groups],
        "types": types or None,
        "weight": spec.weight if spec.weight in header else None,
        "cluster": spec.cluster if spec.cluster in header else None,
        "read": spec.read,
        "sensitive": spec.sensitive or None,
    }
    if request.protected is not None:
        known = {k: v for k, v in known.items() if k not in ("privileged", "unprivileged")}
    if request.target is not None:
        known.pop("positive")
    missing = {name: value for name, value in known.items() if getattr(request, name) is None}
    return replace(request, **missing)


def check_alike(a: OpenedModel, b: OpenedModel) -> None:
    """Raise RequestError unless two models predict the same target for the same groups."""
    for name in ("target", "positive"):
        if a.dataset[name] != b.dataset[name]:
            raise RequestError(
                f"the models cannot be compared, because {name} is {a.dataset[name]!r} for model A "
                f"and {b.dataset[name]!r} for model B; give models of one target"
            )
    groups = [{column.name: column.group_names for column in each.protected} for each in (a, b)]
    if groups[0] != groups[1]:
        said = [", ".join(f"{n} ({' and '.join(g)})" for n, g in each.items()) for each in groups]
        raise RequestError(
            f"the models cannot be compared, because model A has the protected columns {said[0]} "
            f"and model B has {said[1]}; give models of the same groups"
        )


def have_same_splits(a: OpenedModel, b: OpenedModel) -> bool:
    """Return whether two models were trained on the same splits, and so have one test split."""
    of_a, of_b = (dict(read_spec(str(each.metadata.run_id)).digests) for each in (a, b))
    return of_a == of_b
