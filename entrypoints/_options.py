"""The options that several entry points share."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from typing import Any

import click

from entrypoints._command import given, listed
from fairrun.data import DataRequest, Splits
from fairrun.mitigation import MITIGATORS
from fairrun.runs import TrainingRequest

__all__ = ["data_options", "mitigator_option", "training_options"]

Command = Callable[..., None]


class PositiveNumber(click.ParamType[float]):
    """A finite number above 0; Click's own range lets NaN and infinity through."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the number."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            self.fail(f"{value!r} is not a finite number above 0", param, ctx)
        return number


class JsonObject(click.ParamType[dict[str, Any]]):
    """A JSON object."""

    name = "json"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Read the object."""
        if isinstance(value, dict):
            return value
        try:
            parsed = json.loads(value)
        except ValueError:
            parsed = None
        if not isinstance(parsed, dict):
            self.fail(f"{value!r} is not a JSON object such as " + '{"alpha": 0.5}', param, ctx)
        return parsed


_DATA_OPTIONS = (
    click.option(
        "--data",
        default="census",
        help="census (embedded), adult, a CSV or Parquet file, a YAML spec, or the run id of a "
        "preprocess.",
    ),
    click.option("--target", default="auto", help="The column to predict."),
    click.option("--positive", default="auto", help="Its favourable value."),
    click.option("--protected", default="auto", help="Protected columns, separated by commas."),
    click.option("--privileged", default="auto", help="The privileged value of each of them."),
    click.option(
        "--unprivileged",
        default="auto",
        help="The value of each that it is compared with; rest, the default: all the others.",
    ),
    click.option("--drop", default="auto", help="Columns that are not features; none for none."),
    click.option(
        "--missing",
        type=click.Choice(["auto", "drop", "keep"]),
        default="auto",
        help="Rows with a null in a feature: drop them, or keep and impute.",
    ),
    click.option(
        "--validation-size", type=float, default=0.2, help="Share of the rows to select on."
    ),
    click.option("--test-size", type=float, default=0.2, help="Share of the rows to evaluate on."),
    click.option("--split-seed", type=int, default=0, help="Seeds the shuffle before the split."),
)

_TRAINING_OPTIONS = (
    click.option(
        "--C", "C", type=PositiveNumber(), default=1.0, help="Inverse strength of the L2 penalty."
    ),
    click.option(
        "--max-iter", type=click.IntRange(min=1), default=1000, help="Iterations of the solver."
    ),
    click.option(
        "--class-weight",
        type=click.Choice(["none", "balanced"]),
        default="none",
        help="balanced weighs the classes inversely to their frequency.",
    ),
    click.option(
        "--resample",
        type=click.Choice(["none", "over", "under"]),
        default="none",
        help="Balance the labels to fit on: repeat rows of the rarer, or leave out of the other.",
    ),
    click.option(
        "--unseen",
        type=click.Choice(["ignore", "error"]),
        default="ignore",
        help="A category at serving that training did not see.",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0, max=2**32 - 1), default=0, help="Seeds the fit."
    ),
)


def mitigator_option(command: Command) -> Command:
    """Add the mitigator and its parameters."""
    command = click.option(
        "--mitigator-params",
        type=JsonObject(),
        default="{}",
        help='The mitigator\'s parameters as JSON, such as {"alpha": 0.5}.',
    )(command)
    return click.option(
        "--mitigator",
        type=click.Choice(list(MITIGATORS)),
        default="none",
        help="What is done about bias.",
    )(command)


def data_options(command: Command) -> Command:
    """Add what is said of the data; the command takes it as `data: DataRequest`."""

    @functools.wraps(command)
    def with_data(
        *,
        data: str,
        target: str,
        positive: str,
        protected: str,
        privileged: str,
        unprivileged: str,
        drop: str,
        missing: str,
        validation_size: float,
        test_size: float,
        split_seed: int,
        **others: Any,
    ) -> None:
        request = DataRequest(
            data=data,
            target=given(target),
            positive=given(positive),
            protected=listed(protected),
            privileged=listed(privileged),
            unprivileged=listed(unprivileged),
            drop=listed(drop),
            missing=given(missing),  # type: ignore[arg-type]
            splits=Splits(validation_size, test_size, split_seed),
        )
        command(data=request, **others)

    for option in reversed(_DATA_OPTIONS):
        with_data = option(with_data)
    return with_data


def training_options(command: Command) -> Command:
    """Add what is said of the estimator; the command takes it as `training: TrainingRequest`."""

    @functools.wraps(command)
    def with_training(
        *,
        C: float,
        max_iter: int,
        class_weight: str,
        resample: str,
        unseen: str,
        seed: int,
        **others: Any,
    ) -> None:
        training = TrainingRequest(
            C=C,
            max_iter=max_iter,
            class_weight=None if class_weight == "none" else class_weight,  # type: ignore[arg-type]
            resample=resample,  # type: ignore[arg-type]
            unseen=unseen,  # type: ignore[arg-type]
            seed=seed,
        )
        command(training=training, **others)

    for option in reversed(_TRAINING_OPTIONS):
        with_training = option(with_training)
    return with_training
