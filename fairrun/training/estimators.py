"""The table of estimators: scikit-learn's, and how each is read out into arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from fairrun.errors import RequestError
from fairrun.inference import LinearScorer, Scorer, TreeScorer
from fairrun.training.parameters import Parameter, resolve_parameters

__all__ = ["ESTIMATORS", "ESTIMATOR_PARAMETERS", "Estimator", "few_threads", "resolve_estimator"]


_FEW_ROWS = 10_000

#: Up to here Newton's method, whose steps grow with the square of the columns, is the quicker one.
_FEW_COLUMNS = 300
_NEWTON = "newton-cholesky"


@dataclass(frozen=True)
class EstimatorRow:
    """A row of the table.

    Attributes
    ----------
    name : str
        scikit-learn's name in snake_case.
    summary : str
        One sentence.
    parameters : tuple of Parameter
        What it takes, in scikit-learn's words.
    make : callable
        `make(n_columns, **parameters)` gives the unfitted scikit-learn estimator; the number of
        encoded columns may choose its solver.
    read : callable
        Turns the fitted one into a `Scorer`.
    """

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    make: Callable[..., BaseEstimator]
    read: Callable[[Any], Scorer]


@dataclass(frozen=True)
class Estimator:
    """An estimator with its parameters, ready to be fitted any number of times.

    Attributes
    ----------
    row : EstimatorRow
        The row of the table.
    parameters : dict
        All of its parameters, resolved.
    class_weight : {"balanced"} or None
        Weighs the classes inversely to their frequency.
    seed : int
        Seeds the fit.
    """

    row: EstimatorRow
    parameters: dict[str, Any]
    class_weight: str | None = None
    seed: int = 0

    def make(self, n_columns: int) -> BaseEstimator:
        """Give the unfitted scikit-learn estimator for rows of so many encoded columns."""
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
        """Fit it, and read it out.

        Parameters
        ----------
        matrix : ndarray of float64, shape (n_rows, n_encoded)
            The encoded rows.
        label : ndarray of int64, shape (n_rows,)
            0 or 1.
        sample_weight : ndarray of float64, shape (n_rows,), optional
            Weights of the rows.
        start : Scorer, optional
            Was fitted on nearly the same rows. Newton's method starts from it, and needs half the
            steps to the optimum, which is the same from anywhere.
        """
        unfitted = self.make(matrix.shape[1])
        if isinstance(start, LinearScorer) and unfitted.get_params().get("solver") == _NEWTON:
            unfitted.set_params(warm_start=True)
            unfitted.coef_ = start.coefficients[np.newaxis].copy()
            unfitted.intercept_ = np.array([start.intercept])
        with few_threads(len(label)):
            fitted = unfitted.fit(matrix, label, sample_weight=sample_weight)
        return self.row.read(fitted)


def few_threads(n_rows: int) -> threadpool_limits:
    """Hold a fit to as many threads as help it, as a context manager.

    BLAS to one: the order of summation, and with it the last bits of the coefficients, would
    depend on the number of cores; and on a few cores, one is the fastest. OpenMP, which boosts, to
    one for few rows: its threads would wait for each other longer than they work, on a busy
    machine a hundred times longer. Boosting gives the same trees on any number.
    """
    limits = {"blas": 1}
    if n_rows < _FEW_ROWS:
        limits["openmp"] = 1
    return threadpool_limits(limits)


def _make_logistic(n_columns: int, **parameters: Any) -> BaseEstimator:
    # L-BFGS stops before the optimum, where depends on the order of columns; Newton's method is
    # there to many digits, for one step more.
    if n_columns > _FEW_COLUMNS:
        return LogisticRegression(**parameters)
    return LogisticRegression(solver=_NEWTON, tol=1e-6, **parameters)


def _read_linear(fitted: LogisticRegression) -> LinearScorer:
    return LinearScorer(fitted.coef_[0].copy(), float(fitted.intercept_[0]))


def _make_boosting(n_columns: int, **parameters: Any) -> BaseEstimator:  # noqa: ARG001
    # Only who boosts waits for this import.
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**parameters)


def _read_boosting(fitted: Any) -> TreeScorer:
    """Join the trees' nodes; scikit-learn keeps them under private names, its pinned version."""
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


_TABLE = (
    EstimatorRow(
        name="logistic_regression",
        summary="One coefficient for each encoded column.",
        parameters=(
            Parameter("C", 1.0, 1e-10, 1e10, "inverse strength of the L2 penalty"),
            Parameter("max_iter", 1000, 1, 1_000_000, "iterations of the solver", integer=True),
        ),
        make=_make_logistic,
        read=_read_linear,
    ),
    EstimatorRow(
        name="hist_gradient_boosting",
        summary="Boosted trees: more accurate on most tables, and not to be read by eye.",
        parameters=(
            Parameter("learning_rate", 0.1, 1e-4, 1.0, "what each tree contributes"),
            Parameter("max_iter", 100, 1, 10_000, "the number of trees", integer=True),
            Parameter("max_leaf_nodes", 31, 2, 1024, "leaves of a tree", integer=True),
            Parameter("min_samples_leaf", 20, 1, 1_000_000, "rows of a leaf", integer=True),
        ),
        make=_make_boosting,
        read=_read_boosting,
    ),
)

#: Every estimator by name; the first is the default.
ESTIMATORS: Mapping[str, EstimatorRow] = MappingProxyType({row.name: row for row in _TABLE})


#: The name of every parameter of an estimator, and the estimators that take it.
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
    """Look an estimator up and complete its parameters.

    Parameters
    ----------
    name : str
        A name of the table.
    parameters : mapping
        Values by parameter name; None and what is not given take their defaults.
    class_weight : {"balanced"} or None
        Weighs the classes inversely to their frequency.
    seed : int
        Seeds the fit.

    Raises
    ------
    RequestError
        If the name or a parameter is not known, or a value is out of its range.

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
        raise RequestError(f"estimator={name} is not known; give one of {', '.join(ESTIMATORS)}")
    row = ESTIMATORS[name]
    given = {key: value for key, value in parameters.items() if value is not None}
    return Estimator(row, resolve_parameters(name, row.parameters, given), class_weight, seed)
