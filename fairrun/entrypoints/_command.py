"""Shared parts of all entry points: errors, exit codes, logging and printed tables."""

from __future__ import annotations

import functools
import gc
import logging
import math
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from fairrun.data import DataRequest, DecisionsRequest, read_ahead, read_decisions_ahead
from fairrun.entrypoints._usage import EntryPoint, note_exit
from fairrun.errors import (
    EXIT_BAD_REQUEST,
    EXIT_BUG,
    EXIT_GATE_FAILED,
    EXIT_INSUFFICIENT_EVIDENCE,
    EXIT_TRACKING_STORE,
    RequestError,
    StoreError,
)
from fairrun.gate import GateResult, Verdict, checks_as_text
from fairrun.groups import ProtectedColumn
from fairrun.inference import InputError, ModelError
from fairrun.metrics import has_only_upper_limit, has_sign
from fairrun.text import format_table, listed_names, with_probability, with_sign
from fairrun.tracking.interrupts import Interrupted, interruptible
from fairrun.tracking.names import CONSTRAINT_PROBABILITY, REPORT, RUN_VARIABLE

if TYPE_CHECKING:  # it imports MLflow
    from fairrun.runs.evaluate import Evaluated

__all__ = [
    "UNDEFINED",
    "entry_point",
    "exit_code_of",
    "print_checks",
    "print_evaluated",
    "print_metrics",
    "print_verdict",
    "read_decisions_early",
    "read_early",
    "slow_imports",
]


#: The line below a table of metrics, one of which has no value.
UNDEFINED = "undefined: cannot be computed, or is about fewer rows than min_cell"
_EXIT_CODES = {
    Verdict.PASS: 0,
    Verdict.FAIL: EXIT_GATE_FAILED,
    Verdict.INSUFFICIENT_EVIDENCE: EXIT_INSUFFICIENT_EVIDENCE,
}
#: Metrics that are whole numbers.
_COUNTS = ("n_rows", "n_clusters")


def entry_point(function: Callable[..., int | None]) -> click.Command:
    """Return a Click command that calls a function. The function may return an exit code.

    A request that cannot be met ends with a message of one line and exit code 2, without a
    traceback. If MLflow's tracking store fails, the exit code is 3. If a signal stops the command,
    the exit code is that of a shell: 130 for Ctrl-C, 143 for SIGTERM. Any other exception is a bug
    and ends with a traceback. Under `mlflow run`, the run gets the exit code as a tag.

    A command imports MLflow, scikit-learn and matplotlib inside its function, after it has checked
    what it can without them. They take two seconds, and a misspelt name should not wait for them.
    """

    @functools.wraps(function)
    def run(**parameters: Any) -> None:
        run_id = os.environ.get(RUN_VARIABLE)  # before MLflow deletes it
        _talk()
        gc.freeze()  # Imported modules stay in use, so the garbage collector can skip them.
        gc.enable()
        try:
            code, said = _run(function, parameters)
        except Exception as error:
            note_exit(run_id, EXIT_BUG, f"a bug in fairrun or in a library: {type(error).__name__}")
            raise
        if said:
            click.echo(said, err=True)
        note_exit(run_id, code, said)
        if code:
            sys.exit(code)

    settings = {"show_default": True, "max_content_width": 100}
    name = function.__module__.rpartition(".")[2]
    return click.command(name, cls=EntryPoint, context_settings=settings)(run)


def _run(function: Callable[..., int | None], parameters: dict[str, Any]) -> tuple[int, str]:
    """Call a function; return the exit code, and the line that says why it failed."""
    try:
        with interruptible(), _naming_faults():
            if RUN_VARIABLE in os.environ:
                from fairrun.tracking.runs import check_tracking_uri  # It imports MLflow.

                check_tracking_uri()
            return function(**parameters) or 0, ""
    except (RequestError, InputError, ModelError) as error:
        return EXIT_BAD_REQUEST, f"error: {error}"
    except StoreError as error:
        return EXIT_TRACKING_STORE, f"error: {error}"
    except Interrupted as signal:
        return signal.exit_code, f"error: stopped by {signal}"


@contextmanager
def slow_imports() -> Iterator[None]:
    """Mark the imports that wait for the checks of a request, and make them faster.

    Imported modules are never garbage, so no garbage is collected meanwhile.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def read_early(request: DataRequest) -> DataRequest:
    """Read small data before the slow imports, so that a wrong column is refused at once.

    Under `mlflow run` there is a run already, which a refusal has to end.
    """
    return request if RUN_VARIABLE in os.environ else read_ahead(request)


def read_decisions_early(request: DecisionsRequest) -> DecisionsRequest:
    """Read a small table of decisions before the slow imports; see `read_early`."""
    return request if RUN_VARIABLE in os.environ else read_decisions_ahead(request)


@contextmanager
def _naming_faults() -> Iterator[None]:
    """Raise a fault of the store as a StoreError, without importing MLflow for a wrong request."""
    try:
        yield
    except (RequestError, InputError, ModelError, StoreError):
        raise
    except Exception:
        from fairrun.tracking.faults import naming_faults  # It imports MLflow.

        with naming_faults():
            raise


def _talk() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    logger = logging.getLogger("fairrun")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    # Where MLflow is imported already, it does not read MLFLOW_LOGGING_LEVEL any more.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    # It logs the traceback of each error of a database, which the command reports in one line.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    # On a server, it prints two lines with links at the end of every run, also of each trial.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    warnings.filterwarnings("ignore", module=r"mlflow\.")
    warnings.showwarning = _show_warning


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning in one line, without the line of code that it comes from."""
    click.echo(f"warning: {str(message).strip().splitlines()[0]}", err=True)


def print_metrics(metrics: Mapping[str, float], rows: str, column: ProtectedColumn) -> None:
    """Print the metrics of the first protected column with their intervals.

    `rows` is the heading of the column of values: the name of the measured rows. `column` is
    the first protected column.
    """
    group_a, group_b = column.group_names
    click.echo(f"{column.name}: group_a = {group_a}, group_b = {group_b}. ", nl=False)
    click.echo("Ratios are a / b, differences are a - b.\n")
    limits = [name for name in metrics if name.endswith(("_ci_low", "_ci_high"))]
    names = [n for n in metrics if "/" not in n and not n.endswith("_worst") and n not in limits]
    values, intervals = [], []
    for name in names:
        form: Callable[[float], str] = with_sign if has_sign(name) else "{:z.3f}".format
        if name == CONSTRAINT_PROBABILITY:
            form = with_probability
        elif name in _COUNTS:
            form = "{:.0f}".format
        low, high = (metrics.get(f"{name}_ci_{end}", math.nan) for end in ("low", "high"))
        values.append("undefined" if math.isnan(metrics[name]) else form(metrics[name]))
        both = f"{form(low)} to {form(high)}"
        interval = f"at most {form(high)}" if has_only_upper_limit(name) else both
        intervals.append(interval if math.isfinite(low) else "")
    table = pd.DataFrame({"metric": names, rows: values, "95 % interval": intervals})
    click.echo(format_table(table, signed=[rows]))
    if "undefined" in values:
        click.echo(UNDEFINED)
    click.echo("all groups, all pairs and the worst pairs are in audit/*.csv of the run")


def print_checks(result: GateResult) -> None:
    """Print the result of each check of a gate; the last line of a command is the verdict."""
    click.echo(f"\n{checks_as_text(result)}")


def print_evaluated(
    evaluated: Evaluated,
    what_is_next: str,
    commands: Sequence[str],
    gate_mode: str,
    *pages: str,
) -> int:
    """Print the result of an evaluation or an audit; return the exit code of its gate.

    `commands` are the commands to type next, `what_is_next` says what they do, and `pages` are the
    pages that the run has beside the report.
    """
    from fairrun.tracking.hints import where_to_look  # It imports MLflow.

    print_metrics(evaluated.metrics, evaluated.rows, evaluated.column)
    if evaluated.not_measured:
        click.echo(_not_measured(evaluated.not_measured))
    if evaluated.constraint is not None:
        click.echo(evaluated.constraint)
    for sentence in evaluated.said:
        click.echo(sentence)
    if evaluated.gate is not None:
        print_checks(evaluated.gate)
    them = "them" if pages else "it"
    click.echo(f"\nrun {evaluated.run_id} has {listed_names([REPORT, *pages])}; to look at {them}:")
    for line in where_to_look(evaluated.run_id):
        click.echo(f"  {line}")
    for line in commands:
        click.echo(f"next, {what_is_next}:\n  {line}")
    return print_verdict(evaluated.gate, gate_mode)


def print_verdict(result: GateResult | None, gate_mode: str) -> int:
    """Print the verdict of a gate, which is the last line of a command; return the exit code."""
    if result is None:
        return 0
    click.echo(f"\n{result}")
    return exit_code_of(result.verdict, gate_mode)


def exit_code_of(verdict: Verdict, gate_mode: str) -> int:
    """Return the exit code of a verdict, which is 0 unless the gate is enabled."""
    return _EXIT_CODES[verdict] if gate_mode == "enabled" else 0


def _not_measured(reasons: Mapping[str, str]) -> str:
    """Return which metrics were not measured, a line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return "\n".join(
        f"not measured: {listed_names(names, most=5)} (each {reason.removeprefix('it ')})"
        for reason, names in by_reason.items()
    )
