"""Read YAML files that users write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from fairrun.errors import RequestError

__all__ = ["is_yaml", "read_yaml", "searched"]


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
        return yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a safe one)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        what = type(error).__name__
        if isinstance(error, FileNotFoundError):
            what = "there is no such file"
        if isinstance(error, ConstructorError):
            what = (
                "a key stands twice"
                if isinstance(error, _DuplicateKeyError)
                else "a tag or odd value"
            )
        raise RequestError(
            f"{parameter}={path} cannot be read as YAML ({what}{where}){searched(file)}"
        ) from error


class _DuplicateKeyError(ConstructorError):
    """A key that stands twice in a mapping, of which YAML would silently take the last."""


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise _DuplicateKeyError(None, None, "a key stands twice", key.start_mark)
                seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


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
