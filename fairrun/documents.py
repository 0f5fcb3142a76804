"""Read YAML files that users write, and suggest corrections of misspelt names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fairrun.errors import RequestError

__all__ = ["did_you_mean", "is_yaml", "read_yaml", "searched"]


def is_yaml(text: str) -> bool:
    """Return whether the value of a parameter is the path of a YAML file.

    Examples
    --------
    >>> is_yaml("gates/income.yaml"), is_yaml("accuracy>=0.8")
    (True, False)
    """
    return Path(text).suffix in (".yaml", ".yml")


def read_yaml(path: str, parameter: str) -> Any:
    """Read a YAML file.

    Parameters
    ----------
    path : str
        The path of the file.
    parameter : str
        The name of the parameter with the path, for the error message.

    Returns
    -------
    object
        The content of the file.

    Raises
    ------
    RequestError
        If the file cannot be read. The message does not contain text of the file.
    """
    file = Path(path)
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise RequestError(
            f"{parameter}={path} cannot be read as YAML ({type(error).__name__}{where})"
            f"{searched(file)}"
        ) from error


def searched(path: Path) -> str:
    """Return a remark for an error message about the folder to which a path is relative.

    Under ``mlflow run`` this is the folder of the project. The remark is empty for an absolute
    path.

    Examples
    --------
    >>> searched(Path("/rows.csv"))
    ''
    """
    return "" if path.is_absolute() else f" (a relative path is looked for in {Path.cwd()})"


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a suggestion of known names that are similar to an unknown one.

    Parameters
    ----------
    name : str
        The name that was given.
    known : iterable of str
        The allowed names.
    otherwise : str
        The text to return if no name is similar.

    Returns
    -------
    str
        The suggestion, as a clause for an error message.

    Examples
    --------
    >>> did_you_mean("acuracy", ["accuracy", "roc_auc"])
    'did you mean accuracy?'
    >>> did_you_mean("height", ["accuracy", "roc_auc"], "give one of accuracy, roc_auc")
    'give one of accuracy, roc_auc'
    """
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
