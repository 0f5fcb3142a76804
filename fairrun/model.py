"""FairClassifier: fits encoder, mitigator and estimator, and hands out an inference model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from fairrun.encoding import fit_encoder
from fairrun.errors import RequestError
from fairrun.groups import Protected, group_lookup
from fairrun.inference import InferenceModel, LinearScorer
from fairrun.mitigation import TrainingMatrix, resolve_mitigator
from fairrun.resampling import Resample, resample_rows

__all__ = ["FairClassifier"]


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
        A name of `fairrun.mitigation.MITIGATORS`.
    mitigator_params : mapping, optional
        Its parameters; the others take their defaults.
    C : float
        Inverse strength of the logistic regression's L2 penalty.
    max_iter : int
        At most so many iterations of its solver.
    class_weight : {"balanced"} or None
        Weighs the classes inversely to their frequency.
    resample : {"none", "over", "under"}
        Repeats rows of the rarer label, or leaves out rows of the other, until both are equally
        frequent; among the rows to fit on, and nowhere else.
    drop : sequence of str
        Columns that are not features, beside the protected one.
    missing : {"drop", "keep"}
        Rows with a null in a feature: not used in `fit` and refused in `predict`, or kept and
        imputed by the training rows' median or most frequent category.
    unseen : {"ignore", "error"}
        A category that training did not see is all zeros, or an error.
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
        C: float = 1.0,
        max_iter: int = 1000,
        class_weight: Literal["balanced"] | None = None,
        resample: Resample = "none",
        drop: Sequence[str] = (),
        missing: Literal["drop", "keep"] = "drop",
        unseen: Literal["ignore", "error"] = "ignore",
        seed: int = 0,
    ) -> None:
        self.protected = protected
        self.mitigator = mitigator
        self.mitigator_params = mitigator_params
        self.C = C
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.resample = resample
        self.drop = drop
        self.missing = missing
        self.unseen = unseen
        self.seed = seed

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
        mitigator, parameters = resolve_mitigator(self.mitigator, self.mitigator_params)
        self._check_parameters()
        label = _check_label(y, len(X))
        features = [name for name in X.columns if name not in self._not_features]
        if self.missing == "drop":
            whole = X[features].notna().all(axis=1).to_numpy()
            X, label = X[whole], label[whole]
        if len(np.unique(label)) < 2:
            raise RequestError("the labels to fit on are all the same; both 0 and 1 are needed")
        lookup = group_lookup(X, self.protected)
        encoder = fit_encoder(X[features], impute=self.missing == "keep", unseen=self.unseen)
        drawn = resample_rows(label, self.resample, self.seed)
        label = label[drawn]
        train = TrainingMatrix(encoder.encode(X)[drawn], label, lookup.codes(X)[drawn])
        drawing = {"seed": self.seed} if mitigator.draws else {}
        fitted = mitigator.fit(train, **drawing, **parameters)
        matrix = train.matrix
        if fitted.transform is not None:
            matrix = fitted.transform.apply(matrix, train.groups)
        estimator = LogisticRegression(
            C=self.C,
            max_iter=self.max_iter,
            class_weight=self.class_weight,
            random_state=self.seed,
        )
        # One thread: the order of summation, and with it the last bits of the coefficients, would
        # depend on the number of cores; and on a few cores, one is the fastest.
        with threadpool_limits(1, user_api="blas"):
            estimator.fit(matrix, label, sample_weight=fitted.sample_weight)
        self.inference_ = InferenceModel(
            encoder=encoder,
            scorer=LinearScorer(estimator.coef_[0].copy(), float(estimator.intercept_[0])),
            transform=fitted.transform,
            groups=lookup if mitigator.group_at_serving else None,
        )
        self.classes_ = np.array([0, 1])
        return self

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
        return (self.protected.column, *self.drop)

    def _check_parameters(self) -> None:
        # Written so that NaN, which compares with nothing, is refused too.
        if not (isinstance(self.C, (int, float)) and 0 < self.C < np.inf):
            raise RequestError(f"C={self.C} is not possible; give a finite number above 0")
        if not (isinstance(self.max_iter, (int, np.integer)) and self.max_iter >= 1):
            raise RequestError(f"max_iter={self.max_iter} is not possible; give 1 or more")
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
