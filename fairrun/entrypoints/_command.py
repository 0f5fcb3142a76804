"""What every entry point has in common: how it fails, and how it talks."""

from __future__ import annotations

import functools
import gc
import logging
import math
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import click
import pandas as pd

from fairrun.errors import EXIT_BAD_REQUEST, RequestError
from fairrun.gate import GateResult
from fairrun.inference import InputError, ModelError
from fairrun.text import format_table, with_interval
from fairrun.tracking.runs import check_tracking_uri

__all__ = ["entry_point", "given", "listed", "print_gate", "print_metrics"]


def entry_point(function: Callable[..., int | None]) -> click.Command:
    """Make a Click command of a function, which may return an exit code.

    A request that cannot be met ends with one line and exit code 2, without a traceback; anything
    else that is raised is a bug, and shows where.
    """

    @functools.wraps(function)
    def run(**parameters: Any) -> None:
        _talk()
        gc.freeze()  # Imported modules stay in use, so the garbage collector can skip them.
        gc.enable()
        try:
            check_tracking_uri()
            code = function(**parameters)
        except (RequestError, InputError, ModelError) as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(EXIT_BAD_REQUEST)
        if code:
            sys.exit(code)

    return click.command(context_settings={"show_default": True, "max_content_width": 100})(run)


def _talk() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logger = logging.getLogger("fairrun")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    # MLflow's own remarks about type hints and the like are not the user's to mend.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"mlflow\.")
    warnings.showwarning = _show_warning


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Say a warning in one line, without the place in the code it comes from."""
    click.echo(f"warning: {str(message).strip().splitlines()[0]}", err=True)


def print_metrics(metrics: Mapping[str, float], rows: str) -> None:
    """Print the metrics of the first protected column with their intervals.

    The column of values is headed by the rows they were measured on.
    """
    limits = [name for name in metrics if name.endswith(("_ci_low", "_ci_high"))]
    names = [n for n in metrics if "/" not in n and not n.endswith("_worst") and n not in limits]
    intervals = [
        f"{metrics[f'{name}_ci_low']:z.3f} to {metrics[f'{name}_ci_high']:z.3f}"
        if math.isfinite(metrics.get(f"{name}_ci_low", math.nan))
        else ""
        for name in names
    ]
    values = [metrics[name] for name in names]
    table = pd.DataFrame({"metric": names, rows: values, "95 % interval": intervals})
    click.echo(format_table(table))
    click.echo("every group, every pair and the worst ones: audit/*.csv of the run")


def print_gate(result: GateResult) -> None:
    """Print what each term came to; the verdict stands in the last line."""
    table = pd.DataFrame(
        {
            "gate": [str(each.term) for each in result.judgements],
            "of": [each.subject for each in result.judgements],
            "value, 95 % interval": [
                each.reason or with_interval(each.value, each.ci_low, each.ci_high)
                for each in result.judgements
            ],
            "verdict": [str(each.verdict) for each in result.judgements],
        }
    )
    click.echo(f"\n{format_table(table)}\n")
    click.echo(result)


def given(text: str) -> str | None:
    """Read a parameter whose word for "not given" is auto.

    MLflow has no empty default: it would be logged as two quotes.
    """
    return None if text == "auto" else text


def listed(text: str) -> list[str] | None:
    """Read a parameter of names separated by commas; None where it was not given."""
    if text == "auto":
        return None
    return [] if text == "none" else [part.strip() for part in text.split(",")]
