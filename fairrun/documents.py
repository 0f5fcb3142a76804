"""Small files that people write, and the names in them that are misspelt."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fairrun.errors import RequestError

__all__ = ["did_you_mean", "is_yaml", "read_yaml", "searched"]


def is_yaml(text: str) -> bool:
    """Whether a parameter is the path of a YAML file.

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
        The file.
    parameter : str
        The parameter that named it, for the error.

    Raises
    ------
    RequestError
        If it cannot be read. The error holds nothing of what the file says.
    """
    file = Path(path)
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise RequestError(
            f"{parameter}={path} cannot be read as YAML ({type(error).__name__}{where})"
            f"{searched(file)}"
        ) from error


def searched(path: Path) -> str:
    """Say where a relative path was looked for: under `mlflow run`, in the project's folder.

    Examples
    --------
    >>> searched(Path("/rows.csv"))
    ''
    """
    return "" if path.is_absolute() else f" (a relative path is looked for in {Path.cwd()})"


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Suggest the names that look like one that is not known.

    Parameters
    ----------
    name : str
        What was given.
    known : iterable of str
        What is allowed.
    otherwise : str
        What to say if nothing looks like it.

    Examples
    --------
    >>> did_you_mean("acuracy", ["accuracy", "roc_auc"])
    'did you mean accuracy?'
    >>> did_you_mean("height", ["accuracy", "roc_auc"], "give one of accuracy, roc_auc")
    'give one of accuracy, roc_auc'
    """
    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else otherwise
