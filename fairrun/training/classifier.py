"""The classifier that users fit: encoder, mitigator and estimator in one scikit-learn object."""

from __future__ import annotations

import logging
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from fairrun.data import DatasetSpec
from fairrun.errors import RequestError
from fairrun.groups import Protected, group_lookup
from fairrun.inference import Cleaning, Decision, InferenceModel, InputError, RowDraws
from fairrun.training.background import fit_background
from fairrun.training.changeable import fit_changeable
from fairrun.training.checked import check_parameters, column_names
from fairrun.training.encoded import EncodedRows
from fairrun.training.encoder import check_size, fit_encoder
from fairrun.training.estimators import ESTIMATORS, resolve_estimator
from fairrun.training.feature_types import check_text, typed_features
from fairrun.training.given import RawRows, feature_names, has_names, read_labels, read_rows
from fairrun.training.mitigation import TrainingMatrix, resolve_mitigator
from fairrun.training.recipe import Recipe, fit_recipe
from fairrun.training.resampling import Resample
from fairrun.training.weights import check_sample_weight

__all__ = ["FairClassifier"]

_logger = logging.getLogger(__name__)


class FairClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A binary classifier with bias mitigation that takes raw rows.

    It is a scikit-learn classifier. Its input is a table of numbers and text that includes the
    protected columns: a DataFrame, a polars or Arrow table, or a list of dictionaries. The columns
    of an array or of a list of lists have the names "0", "1" and so on. `fit` makes an
    `InferenceModel`. The same model makes the predictions of the evaluation and of the server, so
    the measured fairness is the served fairness.

    Parameters
    ----------
    protected : Protected
        The protected column and its groups. It is never a feature.
    mitigator : str
        A name in `fairrun.training.mitigation.MITIGATORS`, or several names joined with `+`.
    mitigator_params : mapping, optional
        Parameters of the mitigator by name. Parameters that are not given take their defaults.
    estimator : str
        A name in `fairrun.training.estimators.ESTIMATORS`.
    estimator_params : mapping, optional
        Parameters of the estimator by scikit-learn's names. Parameters that are not given take
        their defaults.
    class_weight : {"balanced"} or None
        If "balanced", the classes are weighted inversely to their frequency.
    resample : {"none", "over", "under"}
        "over" repeats rows with the rarer label and "under" leaves out rows with the other label,
        until both are equally frequent. This changes only the rows that a model is fitted on.
    drop : sequence of str
        Columns that are not features, besides the protected column.
    changeable : sequence of str
        Features that counterfactual hints may change.
    missing : {"drop", "keep"}
        With "drop", `fit` leaves out rows with a null in a feature and `predict` refuses them. With
        "keep", a null is replaced by the median or the most frequent category of the training rows.
    unseen : {"ignore", "error"}
        What happens to a category that is not in the training rows. With "ignore", it is encoded
        as zeros. With "error", `predict` refuses it. In a column with rare categories, it is
        encoded like them.
    min_frequency : int
        The fewest training rows of a category that gets an encoded column of its own. The rarer
        categories of a column share one, also with new categories. A rule that reads the group
        treats rarer protected values as in neither group. With 1, every category has an encoded
        column, and text that identifies rows is not refused.
    na_values : sequence of str
        Texts that mean a null, in training and in prediction.
    strip : bool
        Whether blanks before and after a text are removed, in training and in prediction.
    row_key : str, optional
        A column that identifies a row; it is never a feature. A randomised mitigator gives equal
        rows equal random numbers; with a row key, it gives rows with equal keys equal ones.
    seed : int
        The seed of all random numbers.

    Attributes
    ----------
    inference_ : InferenceModel
        The fitted model that is saved and served.
    classes_ : array
        ``[0, 1]``, where 1 is the favourable outcome.
    n_features_in_ : int
        The number of columns of `X` in `fit`, with the columns that are not features.
    feature_names_in_ : array of str
        The names of these columns, if they all were text.

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
        drop: Sequence[str] | Sequence[int] = (),
        changeable: Sequence[str] | Sequence[int] = (),
        missing: Literal["drop", "keep"] = "drop",
        unseen: Literal["ignore", "error"] = "ignore",
        min_frequency: int = 5,
        na_values: Sequence[str] = (),
        strip: bool = False,
        row_key: str | int | None = None,
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
        self.min_frequency = min_frequency
        self.na_values = na_values
        self.strip = strip
        self.row_key = row_key
        self.seed = seed

    # Whether the reader of the rows has decided which columns are text.
    _types_are_decided = False

    @classmethod
    def for_dataset(cls, spec: DatasetSpec, **parameters: Any) -> FairClassifier:
        """Create a classifier for the columns that a dataset spec describes.

        The mitigator uses the first protected column. No protected column is a feature.

        Parameters
        ----------
        spec : DatasetSpec
            The protected columns, the changeable columns and the treatment of nulls.
        **parameters
            All other parameters of the classifier.

        Returns
        -------
        FairClassifier
            The unfitted classifier.
        """
        classifier = cls(
            spec.protected[0],
            drop=[protected.column for protected in spec.protected[1:]],
            missing=spec.missing,
            changeable=spec.changeable,
            na_values=spec.na_values if spec.reading > 1 else (),
            strip=spec.reading > 1 and spec.read.strip,
            **parameters,
        )
        classifier._types_are_decided = True
        return classifier

    def fit(
        self, X: RawRows, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> FairClassifier:
        """Fit encoder, mitigator and estimator.

        Parameters
        ----------
        X : pandas.DataFrame, table, array or list
            Raw rows with the protected column.
        y : array-like of shape (n_rows,)
            Labels, 0 or 1, where 1 is the favourable outcome.
        sample_weight : array-like of shape (n_rows,), optional
            The weights of the rows, with the meaning of scikit-learn: a row with weight 2 counts as
            two rows in every loss, and a row with weight 0 is left out. The encoder counts each row
            once. Weights of another mean change the strength of a penalty such as `C`; divide them
            by their mean if only their relative size has a meaning.

        Returns
        -------
        FairClassifier
            The classifier itself, fitted.

        Raises
        ------
        RequestError
            If a parameter or the data cannot be used, or the mitigator cannot use weights.
        """
        recipe = self.recipe()
        if sample_weight is not None:
            recipe.check_weights()
        return self.fit_encoded(self.encode(X, y, sample_weight))

    def encode(
        self, X: RawRows, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> EncodedRows:
        """Encode training rows for one or more calls of `fit_encoded`.

        Classifiers that differ only in mitigator and estimator can share the result.

        Parameters
        ----------
        X : pandas.DataFrame, table, array or list
            Raw rows with the protected column.
        y : array-like of shape (n_rows,)
            Labels, 0 or 1, where 1 is the favourable outcome.
        sample_weight : array-like of shape (n_rows,), optional
            The weights of the rows; see `fit`.

        Returns
        -------
        EncodedRows

        Raises
        ------
        RequestError
            If the data cannot be used.
        """
        self._check_parameters()
        named, frame = has_names(X), self._cleaning.clean_frame(read_rows(X))
        label, weight = read_labels(y, len(frame)), None
        if sample_weight is not None:
            weight = check_sample_weight(sample_weight, len(frame))
            frame, label, weight = frame[weight > 0], label[weight > 0], weight[weight > 0]
        row_key = () if self.row_key is None else (str(self.row_key),)
        features = feature_names(
            frame, self._protected.column, column_names("drop", self.drop), row_key
        )
        if not self._types_are_decided:
            check_text(frame[features])
        typed = typed_features(frame[features], min_frequency=self.min_frequency)
        frame = frame.assign(**typed)
        if self.missing == "drop":
            whole = frame[features].notna().all(axis=1).to_numpy()
            frame, label = frame[whole], label[whole]
            weight = None if weight is None else weight[whole]
            if dropped := int((~whole).sum()):
                _logger.warning(
                    "dropped %s of %s rows with a null in a feature; missing='keep' imputes nulls",
                    f"{dropped:,}",
                    f"{len(whole):,}",
                )
            if not whole.any():
                raise RequestError(
                    "every row has a null in a feature; give missing='keep', or drop columns"
                )
        if len(np.unique(label)) < 2:
            raise RequestError(
                "all training rows have the same label, so there is only one class; "
                "give rows with both labels, 0 and 1"
            )
        lookup = group_lookup(frame, self._protected)
        encoder = fit_encoder(
            frame[features],
            impute=self.missing == "keep",
            unseen=self.unseen,
            min_frequency=self.min_frequency,
        )
        check_size(encoder, len(frame))
        positions = lookup.positions(frame)
        train = TrainingMatrix(encoder.encode(frame), label, lookup.groups_of(positions), weight)
        background = fit_background(encoder, train.matrix, train.groups)
        return EncodedRows(frame, encoder, background, train, positions, lookup, named)

    def fit_encoded(
        self, rows: EncodedRows, memory: MutableMapping[str, Any] | None = None
    ) -> FairClassifier:
        """Fit mitigator and estimator on encoded rows.

        Parameters
        ----------
        rows : EncodedRows
            The result of `encode`, of this classifier or of one with the same columns, `missing`,
            `unseen` and `min_frequency`.
        memory : mutable mapping, optional
            Stores intermediate results that fits on the same rows share; see `fit_recipe`.

        Returns
        -------
        FairClassifier
            The classifier itself, fitted as by `fit`.

        Raises
        ------
        RequestError
            If a parameter or the data cannot be used.
        """
        recipe = self.recipe()
        if rows.train.weight is not None:
            recipe.check_weights()
        if recipe.mitigation.group_at_serving:
            rows = rows.for_rules_with_groups(self.min_frequency)
        names = column_names("changeable", self.changeable)
        changeable = fit_changeable(rows.frame, rows.encoder, rows.background, names)
        transform, scorer, decision = fit_recipe(
            recipe, rows.train, rows.positions, rows.lookup, memory
        )
        # A post-processor that reads the group can still fit one rule for everybody.
        reads_group = decision.reads_group or recipe.mitigation.group_before_decision
        self.inference_ = InferenceModel(
            encoder=rows.encoder,
            scorer=scorer,
            transform=transform,
            decision=decision,
            groups=rows.lookup if reads_group else None,
            draws=self._draws(rows.frame, decision, recipe.mitigation.decided_by),
            background=rows.background,
            changeable=changeable,
            cleaning=self._cleaning,
        )
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = len(rows.frame.columns)
        if rows.named:
            self.feature_names_in_ = rows.frame.columns.to_numpy(dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def recipe(self) -> Recipe:
        """Check every parameter and fill in the defaults, without any data.

        Returns
        -------
        Recipe

        Raises
        ------
        RequestError
            If a parameter cannot be used, or some cannot be combined.
        """
        self._check_parameters()
        mitigation = resolve_mitigator(self.mitigator, self.mitigator_params)
        if "in" in mitigation.steps and self.class_weight is not None:
            raise RequestError(
                f"mitigator={self.mitigator} sets the weights of the training rows itself; leave "
                "class_weight out, or balance the labels with resample"
            )
        given = {k: v for k, v in (self.estimator_params or {}).items() if v is not None}
        within = mitigation.steps.get("in")
        own_model = within is not None and not within.mitigator.wraps_estimator
        if own_model and (given or self.estimator != next(iter(ESTIMATORS))):
            unused = ", ".join(given) or f"estimator={self.estimator}"
            raise RequestError(
                f"mitigator={self.mitigator} trains its own model and uses no estimator; "
                f"leave {unused} out"
            )
        estimator = resolve_estimator(
            self.estimator,
            given,
            class_weight=self.class_weight,
            seed=int(self.seed),
        )
        return Recipe(mitigation, estimator, self.resample, int(self.seed))

    def predict(self, X: RawRows) -> NDArray[np.int64]:
        """Return the labels of raw rows.

        Returns
        -------
        array of int of shape (n_rows,)
            0 or 1, where 1 is the favourable outcome.

        Raises
        ------
        InputError
            If the rows do not meet the input policy.
        """
        return np.asarray(self._answers(X)["prediction"])

    def predict_proba(self, X: RawRows) -> NDArray[np.float64]:
        """Return the probabilities of 0 and 1 before post-processing, of shape (n_rows, 2)."""
        probability = self._answers(X)["probability"].to_numpy()
        return np.column_stack([1 - probability, probability])

    def decision_function(self, X: RawRows) -> NDArray[np.float64]:
        """Return the log-odds of label 1 before post-processing, of shape (n_rows,)."""
        rows = self._rows(X)
        return self.inference_.log_odds(rows)

    def _answers(self, X: RawRows) -> pd.DataFrame:
        rows = self._rows(X)
        return self.inference_.predict(rows)

    def _rows(self, X: RawRows) -> pd.DataFrame:
        """Return the rows to answer, and refuse an array whose columns may be other ones."""
        check_is_fitted(self)
        frame = read_rows(X)
        if isinstance(X, pd.DataFrame) or has_names(X):
            return frame
        if hasattr(self, "feature_names_in_"):
            raise InputError(
                "X has no column names, but the classifier was fitted with names; give a DataFrame"
            )
        if len(frame.columns) != self.n_features_in_:
            raise InputError(
                f"X has {len(frame.columns)} features, but FairClassifier is expecting "
                f"{self.n_features_in_} features as input"
            )
        return frame

    @property
    def _protected(self) -> Protected:
        return replace(self.protected, column=str(self.protected.column))

    @property
    def _cleaning(self) -> Cleaning:
        return Cleaning(bool(self.strip), tuple(self.na_values))

    def __sklearn_tags__(self) -> Tags:
        """Return what scikit-learn needs to know about the input."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = self.missing == "keep"
        return tags

    def _draws(self, X: pd.DataFrame, decision: Decision, rule: str) -> RowDraws | None:
        if not decision.randomised:
            return None
        if self.row_key is None:
            return RowDraws(int(self.seed), rule)
        key = str(self.row_key)
        is_text = not pd.api.types.is_numeric_dtype(X[key].dtype)
        return RowDraws(int(self.seed), rule, key, is_text)

    def _check_parameters(self) -> None:
        check_parameters(self.get_params(deep=False))
