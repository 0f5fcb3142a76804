"""The table of estimators: scikit-learn's classifiers and how they become plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fairrun.errors import RequestError
from fairrun.inference import LinearScorer, Scorer, TreeScorer
from fairrun.text import did_you_mean
from fairrun.training.constant import constant_log_odds, fit_on_both_labels, only_label
from fairrun.training.parameters import Parameter, resolve_parameters

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.linear_model import LogisticRegression

    from fairrun.training.or_constant import OrConstant

__all__ = ["ESTIMATORS", "ESTIMATOR_PARAMETERS", "Estimator", "few_threads", "resolve_estimator"]


#: With fewer rows than this, more than one OpenMP thread makes boosting slower.
_FEW_ROWS = 10_000

#: Up to this number of columns, Newton's method is faster than L-BFGS. The cost of its steps grows
#: with the square of the number of columns.
_FEW_COLUMNS = 300
_NEWTON = "newton-cholesky"


@dataclass(frozen=True)
class EstimatorRow:
    """A row of the table of estimators.

    Attributes
    ----------
    name : str
        The short name of scikit-learn's class in snake_case.
    summary : str
        One sentence about the method.
    parameters : tuple of Parameter
        The parameters, by scikit-learn's names.
    make : callable
        ``make(n_columns, **parameters)`` returns the unfitted scikit-learn estimator. The solver
        may depend on the number of encoded columns.
    read : callable
        ``read(fitted)`` returns the `Scorer` of a fitted scikit-learn estimator.
    constant : callable
        ``constant(n_columns, log_odds, n_rows)`` returns a `Scorer` of the same class that gives
        every row the same log-odds.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    make: Callable[..., BaseEstimator]
    read: Callable[[Any], Scorer]
    constant: Callable[[int, float, int], Scorer]


@dataclass(frozen=True)
class Estimator:
    """An estimator with its parameters, which can be fitted any number of times.

    Attributes
    ----------
    row : EstimatorRow
        The row of the table of estimators.
    parameters : dict
        All of its parameters by name, with the defaults filled in.
    class_weight : {"balanced"} or None
        If "balanced", the classes are weighted inversely to their frequency.
    seed : int
        The seed of the fit.
    """

    row: EstimatorRow
    parameters: dict[str, Any]
    class_weight: str | None = None
    seed: int = 0

    def read(self, fitted: OrConstant, n_columns: int) -> Scorer:
        """Return the scorer of a fitted estimator, or of the constant in its place."""
        if fitted.constant_ is None:
            return self.row.read(fitted.fitted_)
        log_odds = constant_log_odds(fitted.constant_, fitted.n_rows_)
        return self.row.constant(n_columns, log_odds, fitted.n_rows_)

    def make(self, n_columns: int) -> BaseEstimator:
        """Return the unfitted scikit-learn estimator for rows with n_columns encoded columns."""
        return self.row.make(
            n_columns, **self.parameters, class_weight=self.class_weight, random_state=self.seed
        )

    def fit(
        self,
        matrix: NDArray[np.float64],
        label: NDArray[np.int64],
        sample_weight: NDArray[np.float64] | None = None,
        start: Scorer | None = None,
    ) -> Scorer:
        """Fit the estimator and return its scorer.

        If all rows with a weight above 0 have one label, which a mitigator or a fold can leave, the
        scorer is a constant.

        Parameters
        ----------
        matrix : array of float64 of shape (n_rows, n_encoded)
            The encoded rows.
        label : array of int64 of shape (n_rows,)
            0 or 1.
        sample_weight : array of float64 of shape (n_rows,), optional
            The weights of the rows. With balanced classes, they are multiplied by class weights
            that make the sums of both classes equal.
        start : Scorer, optional
            A scorer that was fitted on nearly the same rows. Newton's method starts from it and
            needs half the steps. The optimum does not depend on the start.

        Returns
        -------
        Scorer
        """
        n_rows, n_columns = matrix.shape
        if (only := only_label(label, sample_weight)) is not None:
            return self.row.constant(n_columns, constant_log_odds(only, n_rows), n_rows)
        unfitted = self.make(n_columns)
        if sample_weight is not None and self.class_weight is not None:
            # scikit-learn's boosting would count the rows of each class and not their weights.
            unfitted.set_params(class_weight=None)
            sums = np.bincount(label, sample_weight, minlength=2)
            sample_weight = sample_weight * (sums.sum() / (2 * sums))[label]
        if isinstance(start, LinearScorer) and unfitted.get_params().get("solver") == _NEWTON:
            unfitted.set_params(warm_start=True)
            unfitted.coef_ = start.coefficients[np.newaxis].copy()
            unfitted.intercept_ = np.array([start.intercept])
        with few_threads(len(label)):
            fitted = fit_on_both_labels(unfitted, matrix, label, sample_weight)
        return self.row.read(fitted)


def few_threads(n_rows: int) -> threadpool_limits:
    """Limit the number of threads of a fit; use the result as a context manager.

    BLAS gets one thread. With more, the order of summation would depend on the number of cores, and
    so would the last bits of the coefficients. One thread is also the fastest on a few cores.

    OpenMP, which boosted trees use, gets one thread if there are fewer than 10,000 rows, because
    its threads then wait for each other longer than they work (on a busy machine, a hundred times
    longer). The trees do not depend on the number of threads.

    Parameters
    ----------
    n_rows : int
        The number of training rows.

    Returns
    -------
    threadpool_limits
    """
    limits = {"blas": 1}
    if n_rows < _FEW_ROWS:
        limits["openmp"] = 1
    return threadpool_limits(limits)


def _make_logistic(n_columns: int, **parameters: Any) -> BaseEstimator:
    # Imported here because scikit-learn takes a second, and a wrong request is refused before.
    from sklearn.linear_model import LogisticRegression

    # L-BFGS stops short of the optimum, at a point that depends on the order of the columns.
    # Newton's method reaches the optimum to many digits with one more step.
    if n_columns > _FEW_COLUMNS:
        return LogisticRegression(**parameters)
    return LogisticRegression(solver=_NEWTON, tol=1e-6, **parameters)


def _read_linear(fitted: LogisticRegression) -> LinearScorer:
    return LinearScorer(fitted.coef_[0].copy(), float(fitted.intercept_[0]))


def _constant_linear(n_columns: int, log_odds: float, n_rows: int) -> LinearScorer:  # noqa: ARG001
    return LinearScorer(np.zeros(n_columns), log_odds)


def _make_boosting(n_columns: int, **parameters: Any) -> BaseEstimator:  # noqa: ARG001
    # Imported here because only boosted trees need it, and it is slow.
    from fairrun.training.boosting import PooledBoosting

    return PooledBoosting(**parameters)


def _read_boosting(fitted: Any) -> TreeScorer:
    """Join the nodes of all trees into arrays.

    scikit-learn has no public access to the nodes. The private names are those of the pinned
    version.
    """
    trees = [tree.nodes for (tree,) in fitted._predictors]
    sizes = [len(nodes) for nodes in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    nodes, first = np.concatenate(trees), np.repeat(roots, sizes)
    leaf, own = nodes["is_leaf"].astype(bool), np.arange(len(nodes))
    children = [np.where(leaf, own, nodes[side] + first) for side in ("left", "right")]
    return TreeScorer(
        baseline=float(fitted._baseline_prediction[0, 0]),
        roots=roots.astype(np.int32),
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        children=np.array(children, dtype=np.int32),
        value=np.where(leaf, nodes["value"], 0.0),
        depth=int(nodes["depth"].max()),
        cover=nodes["count"].astype(np.float64),
    )


def _constant_trees(n_columns: int, log_odds: float, n_rows: int) -> TreeScorer:  # noqa: ARG001
    """Return one tree that has only a root."""
    root, nothing = np.zeros(1, dtype=np.int32), np.zeros(1)
    children = np.zeros((2, 1), dtype=np.int32)
    cover = np.full(1, float(n_rows))
    return TreeScorer(log_odds, root, root, nothing, children, nothing, depth=0, cover=cover)


_TABLE = (
    EstimatorRow(
        name="logistic_regression",
        summary="A logistic regression: one coefficient for each encoded column.",
        parameters=(
            Parameter("C", 1.0, 1e-10, 1e10, "inverse strength of the L2 penalty"),
            Parameter(
                "max_iter", 1000, 1, 1_000_000, "largest number of solver iterations", integer=True
            ),
        ),
        make=_make_logistic,
        read=_read_linear,
        constant=_constant_linear,
    ),
    EstimatorRow(
        name="hist_gradient_boosting",
        summary="Boosted trees: more accurate on most tables, but harder to interpret.",
        parameters=(
            Parameter("learning_rate", 0.1, 1e-4, 1.0, "factor on the output of each tree"),
            Parameter("max_iter", 100, 1, 10_000, "number of trees", integer=True),
            Parameter("max_leaf_nodes", 31, 2, 1024, "most leaves of a tree", integer=True),
            Parameter("min_samples_leaf", 20, 1, 1_000_000, "fewest rows in a leaf", integer=True),
        ),
        make=_make_boosting,
        read=_read_boosting,
        constant=_constant_trees,
    ),
)

#: Every estimator by name. The first one is the default.
ESTIMATORS: Mapping[str, EstimatorRow] = MappingProxyType({row.name: row for row in _TABLE})


#: The names of the estimators that take a parameter, by the name of the parameter.
ESTIMATOR_PARAMETERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        name: tuple(row.name for row in _TABLE if name in {p.name for p in row.parameters})
        for name in dict.fromkeys(p.name for row in _TABLE for p in row.parameters)
    }
)


def resolve_estimator(
    name: str,
    parameters: Mapping[str, object],
    *,
    class_weight: str | None = None,
    seed: int = 0,
) -> Estimator:
    """Return the estimator of a name, with checked parameters.

    Parameters
    ----------
    name : str
        A name in `ESTIMATORS`.
    parameters : mapping
        Values by parameter name. A parameter that is None or not given takes its default.
    class_weight : {"balanced"} or None
        If "balanced", the classes are weighted inversely to their frequency.
    seed : int
        The seed of the fit.

    Returns
    -------
    Estimator

    Raises
    ------
    RequestError
        If the name or a parameter is unknown, or a value is out of range.

    Examples
    --------
    >>> resolve_estimator("logistic_regression", {"C": 0.5}).parameters
    {'C': 0.5, 'max_iter': 1000}
    >>> resolve_estimator("hist_gradient_boosting", {"C": 0.5})
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: hist_gradient_boosting takes no parameter 'C'; it takes \
learning_rate, max_iter, max_leaf_nodes, min_samples_leaf
    """
    if name not in ESTIMATORS:
        nearest = did_you_mean(name, ESTIMATORS, f"give one of {', '.join(ESTIMATORS)}")
        raise RequestError(f"estimator={name} is not known; {nearest}")
    row = ESTIMATORS[name]
    given = {key: value for key, value in parameters.items() if value is not None}
    return Estimator(row, resolve_parameters(name, row.parameters, given), class_weight, seed)
