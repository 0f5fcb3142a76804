"""The description of a run, which MLflow shows as Markdown at the top of its page."""

from __future__ import annotations

import re
from collections.abc import Sequence

import mlflow
from mlflow.entities import Run
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from fairrun.errors import RequestError
from fairrun.inference import InputError, ModelError
from fairrun.text import as_code, escaped

__all__ = [
    "as_code",
    "describe_failure",
    "describe_run",
    "escaped",
    "link_to_run",
    "says_why_it_failed",
]

#: MLflow cuts a longer tag, which may be in the middle of a word of Markdown.
_LONGEST = 8000
#: The longest line of a command, in characters.
_WIDEST = 88
#: A word of a command with the blanks in its quotes, and the option before it.
_WORD = re.compile(r"""(?:-[\w-]+ (?!-))?(?:'[^']*'|"[^"]*"|[^\s'"])+""")
#: How the description of a run begins that an exception has ended.
_FAILED = ("**Refused**", "**Stopped**", "**Failed**")


def describe_run(*paragraphs: str, commands: Sequence[str] = ()) -> None:
    """Set the description of the active run; a later call replaces it.

    A description says in plain words what the run did, on which data, the verdict, and what to type
    next. It is public, so it holds only numbers that may be shown.

    Parameters
    ----------
    *paragraphs : str
        Paragraphs or tables in Markdown. Empty ones are left out. Names from the data belong in
        `escaped`, and parameters and metrics in `as_code`.
    commands : sequence of str
        Commands to type next, one line each.
    """
    run = mlflow.active_run()
    assert run is not None  # noqa: S101  the caller has opened a run
    _set(run, paragraphs, commands)


def describe_failure(run: Run, error: BaseException) -> None:
    """Set the description of a run that an exception has ended, above what it had said before.

    Only the message of a bad request is in it. Messages of other exceptions may hold rows.
    """
    if isinstance(error, (RequestError, InputError, ModelError)):
        said = f"**Refused** (a bad request, exit code 2): {escaped(str(error))}"
    elif isinstance(error, (KeyboardInterrupt, GeneratorExit)):
        said = "**Stopped** by a signal before it was complete."
    else:
        said = (
            f"**Failed** with {escaped(type(error).__name__)}, which is a bug in fairrun or in a "
            "library (exit code 1). The command printed a traceback; please report it."
        )
    before = mlflow.MlflowClient().get_run(run.info.run_id).data.tags.get(MLFLOW_RUN_NOTE, "")
    # A resumed run may have ended like this before.
    _set(run, [said, "" if says_why_it_failed(before) else before], ())


def says_why_it_failed(description: str) -> bool:
    """Return whether `describe_failure` has written the description of a run."""
    return description.startswith(_FAILED)


def _set(run: Run, paragraphs: Sequence[str], commands: Sequence[str]) -> None:
    parts = [text for text in paragraphs if text]
    if commands:
        parts.append(f"What to type next:\n\n{_fenced(commands)}")
    while (excess := len("\n\n".join(parts)) - _LONGEST) > 0 and len(parts) > 1:
        # The first paragraph says the most. Of the others, as little as suffices is left out.
        enough = [each for each in parts[1:] if len(each) + 2 >= excess]
        parts.remove(min(enough, key=len) if enough else max(parts[1:], key=len))
    text = "\n\n".join(parts)
    mlflow.MlflowClient().set_tag(run.info.run_id, MLFLOW_RUN_NOTE, text[:_LONGEST])


def _fenced(commands: Sequence[str]) -> str:
    """Return commands as a block of code, which no name of a column inside them can end."""
    typed = [_in_lines(command) for command in commands]
    fence = "`" * (1 + max(map(len, re.findall("`+", " ".join(typed))), default=0))
    fence = fence if len(fence) > 3 else "```"
    return "\n".join([f"{fence}bash", *typed, fence])


def _in_lines(command: str) -> str:
    r"""Return a command in several lines, because a long line makes MLflow's whole page wider.

    Examples
    --------
    >>> print(_in_lines(f"MLFLOW_TRACKING_URI='sqlite:////a b/{50 * 'x'}.db' mlflow run /project"))
    MLFLOW_TRACKING_URI='sqlite:////a b/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.db' \
        mlflow run /project
    """
    lines: list[str] = []
    for word in _WORD.findall(command):
        if lines and len(lines[-1]) + len(word) < _WIDEST:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return " \\\n    ".join(lines)


def link_to_run(text: str, run_id: str) -> str:
    """Return a link to another run of the active run's experiment, for MLflow's pages."""
    run = mlflow.active_run()
    assert run is not None  # noqa: S101  the caller has opened a run
    return f"[{escaped(text)}](#/experiments/{run.info.experiment_id}/runs/{run_id})"
