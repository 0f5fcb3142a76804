"""FairClassifier: fits encoder, mitigator and estimator, and hands out an inference model."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from fairrun.data import DatasetSpec
from fairrun.errors import RequestError
from fairrun.groups import Protected, group_lookup
from fairrun.inference import Background, Decision, Encoder, GroupLookup, InferenceModel, RowDraws
from fairrun.training.background import fit_background
from fairrun.training.changeable import fit_changeable
from fairrun.training.encoder import fit_encoder
from fairrun.training.estimators import ESTIMATORS, resolve_estimator
from fairrun.training.mitigation import TrainingMatrix, resolve_mitigator
from fairrun.training.recipe import Recipe, fit_recipe
from fairrun.training.resampling import Resample

__all__ = ["EncodedRows", "FairClassifier"]


@dataclass(frozen=True)
class EncodedRows:
    """Training rows as every fit begins with them, whatever the mitigator and the estimator.

    Attributes
    ----------
    frame : pandas.DataFrame
        The raw rows that are fitted on.
    encoder : Encoder
        Fitted on them.
    background : Background
        What explanations compare rows with; fitted on them.
    train : TrainingMatrix
        What it makes of them.
    positions : ndarray of int, shape (n_rows,)
        Their protected values, as `GroupLookup.positions` gives them.
    lookup : GroupLookup
        The protected column.
    """

    frame: pd.DataFrame
    encoder: Encoder
    background: Background
    train: TrainingMatrix
    positions: NDArray[np.intp]
    lookup: GroupLookup


class FairClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A binary classifier with a mitigator, from raw rows to labels.

    A scikit-learn classifier that takes a table as people have it: numbers and text, protected
    columns among them. What it learns is an `InferenceModel`, and predictions during evaluation are
    made by that same model, so that what is measured is what is served.

    Parameters
    ----------
    protected : Protected
        The protected column and its groups. It is never a feature.
    mitigator : str
        A name of `fairrun.training.mitigation.MITIGATORS`, or several joined with `+`.
    mitigator_params : mapping, optional
        Its parameters; the others take their defaults.
    estimator : str
        A name of `fairrun.training.estimators.ESTIMATORS`.
    estimator_params : mapping, optional
        Its parameters, in scikit-learn's words; the others take their defaults.
    class_weight : {"balanced"} or None
        Weighs the classes inversely to their frequency.
    resample : {"none", "over", "under"}
        Repeats rows of the rarer label, or leaves out rows of the other, until both are equally
        frequent; among the rows to fit on, and nowhere else.
    drop : sequence of str
        Columns that are not features, beside the protected one.
    changeable : sequence of str
        Features that counterfactual hints may change.
    missing : {"drop", "keep"}
        Rows with a null in a feature: not used in `fit` and refused in `predict`, or kept and
        imputed by the training rows' median or most frequent category.
    unseen : {"ignore", "error"}
        A category that training did not see is all zeros, or an error.
    row_key : str, optional
        A column that tells rows apart. Where labels are drawn, equal rows draw alike; with a row
        key, rows of equal keys do. It is not a feature.
    seed : int
        Seeds whatever is drawn.

    Attributes
    ----------
    inference_ : InferenceModel
        What is saved and served.
    classes_ : ndarray
        `[0, 1]`; 1 = the favourable outcome.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"sex": list("MFMFMFMF"), "hours": [40.0, 30, 50, 35, 45, 20, 60, 38]})
    >>> y = [1, 0, 1, 0, 0, 0, 1, 1]
    >>> model = FairClassifier(Protected("sex", "M"), mitigator="correlation_remover")
    >>> model.fit(X, y).predict(X)
    array([0, 0, 1, 1, 0, 0, 1, 1])
    """

    def __init__(
        self,
        protected: Protected,
        *,
        mitigator: str = "none",
        mitigator_params: Mapping[str, float] | None = None,
        estimator: str = "logistic_regression",
        estimator_params: Mapping[str, float] | None = None,
        class_weight: Literal["balanced"] | None = None,
        resample: Resample = "none",
        drop: Sequence[str] = (),
        changeable: Sequence[str] = (),
        missing: Literal["drop", "keep"] = "drop",
        unseen: Literal["ignore", "error"] = "ignore",
        row_key: str | None = None,
        seed: int = 0,
    ) -> None:
        self.protected = protected
        self.mitigator = mitigator
        self.mitigator_params = mitigator_params
        self.estimator = estimator
        self.estimator_params = estimator_params
        self.class_weight = class_weight
        self.resample = resample
        self.drop = drop
        self.changeable = changeable
        self.missing = missing
        self.unseen = unseen
        self.row_key = row_key
        self.seed = seed

    @classmethod
    def for_dataset(cls, spec: DatasetSpec, **parameters: Any) -> FairClassifier:
        """Make a classifier of the columns that a dataset spec describes.

        The first protected column is the one that is mitigated. None of them is a feature.

        Parameters
        ----------
        spec : DatasetSpec
            Which column is what, and what is done with nulls.
        **parameters
            All other parameters of the classifier.
        """
        return cls(
            spec.protected[0],
            drop=[protected.column for protected in spec.protected[1:]],
            missing=spec.missing,
            changeable=spec.changeable,
            **parameters,
        )

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> FairClassifier:
        """Fit encoder, mitigator and estimator.

        Parameters
        ----------
        X : pandas.DataFrame
            Raw rows with the protected column.
        y : array-like of shape (n_rows,)
            Labels, 0 or 1; 1 = the favourable outcome.

        Returns
        -------
        FairClassifier
            Itself.

        Raises
        ------
        RequestError
            If a parameter or the data cannot be used, with what can.
        """
        self.recipe()
        return self.fit_encoded(self.encode(X, y))

    def encode(self, X: pd.DataFrame, y: ArrayLike) -> EncodedRows:
        """Encode training rows, once for many fits that differ in mitigator and estimator alone.

        Parameters
        ----------
        X : pandas.DataFrame
            Raw rows with the protected column.
        y : array-like of shape (n_rows,)
            Labels, 0 or 1.

        Raises
        ------
        RequestError
            If the data cannot be used, with what can.
        """
        label = _check_label(y, len(X))
        features = [name for name in X.columns if name not in self._not_features]
        if self.missing == "drop":
            whole = X[features].notna().all(axis=1).to_numpy()
            X, label = X[whole], label[whole]
        if len(np.unique(label)) < 2:
            raise RequestError("the labels to fit on are all the same; both 0 and 1 are needed")
        lookup = group_lookup(X, self.protected)
        encoder = fit_encoder(X[features], impute=self.missing == "keep", unseen=self.unseen)
        positions = lookup.positions(X)
        train = TrainingMatrix(encoder.encode(X), label, lookup.groups_of(positions))
        background = fit_background(encoder, train.matrix, train.groups)
        return EncodedRows(X, encoder, background, train, positions, lookup)

    def fit_encoded(
        self, rows: EncodedRows, memory: MutableMapping[str, Any] | None = None
    ) -> FairClassifier:
        """Fit mitigator and estimator on encoded rows.

        Parameters
        ----------
        rows : EncodedRows
            What `encode` gave, of a classifier with the same columns, `missing` and `unseen`.
        memory : mutable mapping, optional
            Keeps what fits of the same rows share; see `fit_recipe`.

        Returns
        -------
        FairClassifier
            Itself, fitted as `fit` fits it.
        """
        recipe = self.recipe()
        changeable = fit_changeable(rows.frame, rows.encoder, rows.background, self.changeable)
        transform, scorer, decision = fit_recipe(
            recipe, rows.train, rows.positions, rows.lookup, memory
        )
        self.inference_ = InferenceModel(
            encoder=rows.encoder,
            scorer=scorer,
            transform=transform,
            decision=decision,
            groups=rows.lookup if recipe.mitigation.group_at_serving else None,
            draws=self._draws(rows.frame, decision),
            background=rows.background,
            changeable=changeable,
        )
        self.classes_ = np.array([0, 1])
        return self

    def recipe(self) -> Recipe:
        """Resolve and check every parameter, before any row is looked at.

        Raises
        ------
        RequestError
            If a parameter cannot be used, or some do not go together.
        """
        self._check_parameters()
        mitigation = resolve_mitigator(self.mitigator, self.mitigator_params)
        if "in" in mitigation.steps and self.class_weight is not None:
            raise RequestError(
                f"{self.mitigator} sets the weights of the rows itself; leave class_weight out, or "
                "balance the labels with resample"
            )
        given = {k: v for k, v in (self.estimator_params or {}).items() if v is not None}
        within = mitigation.steps.get("in")
        own_model = within is not None and not within.mitigator.wraps_estimator
        if own_model and (given or self.estimator != next(iter(ESTIMATORS))):
            unused = ", ".join(given) or f"estimator={self.estimator}"
            raise RequestError(f"{self.mitigator} fits a model of its own; leave {unused} out")
        estimator = resolve_estimator(
            self.estimator,
            given,
            class_weight=self.class_weight,
            seed=self.seed,
        )
        return Recipe(mitigation, estimator, self.resample, self.seed)

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """Label raw rows; 1 = the favourable outcome.

        Raises
        ------
        InputError
            If the rows do not meet the input policy.
        """
        return np.asarray(self._answers(X)["prediction"])

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Probabilities of 0 and 1 before any decision, shape (n_rows, 2)."""
        probability = self._answers(X)["probability"].to_numpy()
        return np.column_stack([1 - probability, probability])

    def decision_function(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Log-odds of 1 before any decision, shape (n_rows,)."""
        check_is_fitted(self)
        return self.inference_.log_odds(X)

    def _answers(self, X: pd.DataFrame) -> pd.DataFrame:
        check_is_fitted(self)
        return self.inference_.predict(X)

    @property
    def _not_features(self) -> tuple[str, ...]:
        return (self.protected.column, *self.drop, *([self.row_key] if self.row_key else []))

    def _draws(self, X: pd.DataFrame, decision: Decision) -> RowDraws | None:
        if not decision.randomised:
            return None
        if self.row_key is None:
            return RowDraws(self.seed, decision.kind)
        if self.row_key not in X.columns:
            raise RequestError(
                f"row_key={self.row_key} is not in the data; "
                f"its columns are {', '.join(map(str, X.columns))}"
            )
        is_text = not pd.api.types.is_numeric_dtype(X[self.row_key].dtype)
        return RowDraws(self.seed, decision.kind, self.row_key, is_text)

    def _check_parameters(self) -> None:
        allowed: dict[str, tuple[Any, ...]] = {
            "class_weight": (None, "balanced"),
            "resample": ("none", "over", "under"),
            "missing": ("drop", "keep"),
            "unseen": ("ignore", "error"),
        }
        for name, values in allowed.items():
            if getattr(self, name) not in values:
                raise RequestError(
                    f"{name}={getattr(self, name)!r} is not known; give one of {values}"
                )


def _check_label(y: ArrayLike, n_rows: int) -> NDArray[np.int64]:
    label = np.asarray(y)
    if label.shape != (n_rows,):
        raise RequestError(f"{n_rows} rows were given with labels of shape {label.shape}")
    if not np.isin(label, (0, 1)).all():
        raise RequestError("labels must be 0 or 1 (1 = the favourable outcome)")
    return label.astype(np.int64)
