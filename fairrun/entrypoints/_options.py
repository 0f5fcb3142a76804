"""The options that several entry points share."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import click

from fairrun.data import DataRequest, Splits
from fairrun.entrypoints._command import given, listed
from fairrun.runs.train import TrainingRequest
from fairrun.training import ESTIMATOR_PARAMETERS, ESTIMATORS
from fairrun.training.mitigation import MITIGATORS

__all__ = ["data_options", "mitigator_option", "training_options"]

Command = Callable[..., None]


class NumberOrAuto(click.ParamType[float | None]):
    """A number, or auto: the estimator's default, read as None. Ranges are the estimator's."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Read the number."""
        if value == "auto":
            return None
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number, or auto for the default", param, ctx)


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
        "--changeable",
        default="auto",
        help="Features that a person can change, which counterfactual hints are about; none for "
        "none.",
    ),
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


def _estimator_parameters() -> dict[str, list[tuple[str, str, str, float]]]:
    """Every parameter of an estimator, and which of them take it."""
    uses: dict[str, list[tuple[str, str, str, float]]] = {}
    for row in ESTIMATORS.values():
        for p in row.parameters:
            uses.setdefault(p.name, []).append((row.name, p.meaning, p.allowed, p.default))
    return uses


_TRAINING_OPTIONS = (
    click.option(
        "--estimator",
        type=click.Choice(list(ESTIMATORS)),
        default=next(iter(ESTIMATORS)),
        help="What is fitted.",
    ),
    *(
        click.option(
            f"--{name.replace('_', '-')}",
            name,
            type=NumberOrAuto(),
            default="auto",
            help="; ".join(
                f"{meaning[0].upper()}{meaning[1:]}: {allowed}, {default:g} ({row})"
                for row, meaning, allowed, default in uses
            )
            + ".",
        )
        for name, uses in _estimator_parameters().items()
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
        "--row-key",
        default="auto",
        help="A column that tells rows apart, for mitigators that draw labels; auto: the features.",
    ),
    click.option(
        "--seed", type=click.IntRange(min=0, max=2**32 - 1), default=0, help="Seeds the fit."
    ),
)


#: Options that a `TrainingRequest` takes as they are.
_PLAIN = ("estimator", "resample", "unseen", "seed")


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
        default="none",
        help=f"What is done about bias: {', '.join(MITIGATORS)}; or several, joined with +.",
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
        changeable: str,
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
            changeable=listed(changeable),
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
        class_weight: str,
        row_key: str,
        **others: Any,
    ) -> None:
        plain = {name: others.pop(name) for name in _PLAIN}
        of_estimator = {name: others.pop(name) for name in ESTIMATOR_PARAMETERS}
        training = TrainingRequest(
            estimator_params={k: v for k, v in of_estimator.items() if v is not None},
            class_weight=None if class_weight == "none" else class_weight,  # type: ignore[arg-type]
            row_key=given(row_key),
            **plain,
        )
        command(training=training, **others)

    for option in reversed(_TRAINING_OPTIONS):
        with_training = option(with_training)
    return with_training
