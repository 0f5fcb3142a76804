"""Say in two lines which option of a command is wrong, in place of Click's four."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import IO, Any

import click

from fairrun.errors import EXIT_BAD_REQUEST
from fairrun.text import did_you_mean
from fairrun.tracking.names import RUN_VARIABLE

__all__ = ["EntryPoint", "UsageRefused", "in_two_lines", "note_exit", "unknown_command"]

#: What Click says of a value that is not one of several, not a number, or too large.
_NOT_ONE_OF = re.compile(r"'(?P<value>.*)' is not one of .*", re.DOTALL)
_NO_INTEGER = re.compile(r"'(?P<value>.*)' is not a valid integer( range)?\.", re.DOTALL)
_QUOTED = re.compile(r"'(?P<value>[^']*)' (?P<wrong>is not .*)", re.DOTALL)
_NOT_IN_RANGE = re.compile(r"(?P<value>\S+) is not in the range .*")


class UsageRefused(click.ClickException):
    """Options that a command cannot take, said as every other error is."""

    exit_code = EXIT_BAD_REQUEST

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        click.echo(f"error: {self.message}", file=file, err=file is None)


class EntryPoint(click.Command):
    """A command whose options are refused in two lines."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the options."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.UsageError as error:
            refused = UsageRefused(in_two_lines(error, self, info_name or ""))
            note_exit(os.environ.get(RUN_VARIABLE), EXIT_BAD_REQUEST, f"error: {refused.message}")
            raise refused from error


def note_exit(run_id: str | None, code: int, said: str = "") -> None:
    """Write the exit code and the last line of a command to the run of `mlflow run`, if any.

    `mlflow run` turns every code but 0 into 1.
    """
    if run_id is None:
        return
    # Imported here because MLflow takes a second, and a command without `mlflow run` does not
    # need it in order to refuse an option.
    from fairrun.tracking.exits import write_exit

    write_exit(run_id, code, said)


def in_two_lines(error: click.UsageError, command: click.Command, name: str = "") -> str:
    """Return what was given and what is allowed, and the command that lists all options."""
    of_command = " ".join(["python -m fairrun", *name.split(), "--help"])
    return f"{_first_line(error, command)}\nall parameters: {of_command}"


def _first_line(error: click.UsageError, command: click.Command) -> str:
    if isinstance(error, click.NoSuchOption):
        flags = [flag for each in command.params for flag in each.opts]
        nearest = did_you_mean(error.option_name, flags, "give parameters of this command")
        return f"{error.option_name} is not a parameter; {nearest}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        if isinstance(error.param, click.Argument):
            names = [str(each.name) for each in command.params if isinstance(each, click.Argument)]
            return f"{error.param.name} is missing; give {' '.join(map(str.upper, names))}"
        wanted = error.param.help if isinstance(error.param, click.Option) else None
        return f"{error.param.name} is missing; give --{_flag(error.param)}. {wanted or ''}".strip()
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _wrong_value(error.param, error.message)
    if isinstance(error, click.BadOptionUsage):
        return f"{error.option_name} has no value; give {error.option_name} VALUE"
    said = error.format_message().strip()
    return f"{said[0].lower()}{said[1:].rstrip('.')}; give each parameter as --name value"


def _flag(param: click.Parameter) -> str:
    return str(param.name).replace("_", "-")


def _wrong_value(param: click.Parameter, message: str) -> str:
    """Return the line for a value of an option that its type refuses."""
    kind = param.type
    if isinstance(kind, click.Choice) and (found := _NOT_ONE_OF.fullmatch(message)):
        value = found["value"]
        return f"{param.name}={value} is not known; {_one_of(value, kind.choices)}"
    if isinstance(kind, click.IntRange):
        found = _NO_INTEGER.fullmatch(message) or _NOT_IN_RANGE.fullmatch(message)
        if found is not None:
            wrong = f"{param.name}={found['value']} is not possible"
            return f"{wrong}; give a whole number {_range(kind)}"
    if found := _QUOTED.fullmatch(message):
        return f"{param.name}={found['value']} {found['wrong']}"
    return f"{param.name}: {message}"


def _one_of(value: str, choices: Sequence[str]) -> str:
    listed = ", ".join(choices)
    nearest = did_you_mean(value, choices)
    return f"{nearest} ({listed})" if nearest else f"give one of {listed}"


def _range(kind: click.IntRange) -> str:
    if kind.max is None:
        return f"of at least {kind.min}"
    return f"from {kind.min} to {kind.max}"


def unknown_command(name: str, names: Sequence[str]) -> str:
    """Return the message for a command that does not exist."""
    nearest = did_you_mean(name, names, f"the commands are {', '.join(names)}")
    return f"{name} is not a command; {nearest}\nall commands: python -m fairrun --help"
