"""Run an entry point by its name, for example `python -m fairrun train --help`."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import signal
from pathlib import Path
from typing import Any

import click

import fairrun.entrypoints

__all__ = ["main"]

_EPILOG = """\
\b
In a project, MLflow runs the same commands and tracks them:
  mlflow run . -e train -P mitigator=reweighing
  mlflow run .                                    runs main
A parameter of several words has underscores there: -P split_seed=1.
`python -m fairrun COMMAND --help` lists the parameters of a command.
"""


class _EntryPoints(click.Group):
    """The commands of `fairrun.entrypoints`, each of which is imported only if it is used."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Parse the options before the command, or refuse them in two lines."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.NoSuchOption as error:
            # Imported here because pandas takes most of a second, and the list of commands is fast.
            from fairrun.entrypoints._usage import UsageRefused, in_two_lines

            raise UsageRefused(in_two_lines(error, self)) from error

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the commands."""
        found = pkgutil.iter_modules(fairrun.entrypoints.__path__)
        return sorted(module.name for module in found if not module.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; return None if there is none with this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"fairrun.entrypoints.{cmd_name}").main
        assert isinstance(command, click.Command)  # noqa: S101  each file defines a command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is named first, or refuse the name in two lines."""
        names = self.list_commands(ctx)
        if args[0] not in names:
            from fairrun.entrypoints._usage import UsageRefused, unknown_command

            raise UsageRefused(unknown_command(args[0], names))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names with the first sentence of each file; importing all files is slower."""
        folder = Path(fairrun.entrypoints.__path__[0])
        rows = []
        for name in self.list_commands(ctx):
            documented = ast.get_docstring(ast.parse((folder / f"{name}.py").read_text("utf-8")))
            rows.append((name, (documented or "").partition(":")[0] + "."))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_EntryPoints, name="fairrun", epilog=_EPILOG)
@click.version_option(fairrun.__version__, message="fairrun %(version)s")
def main() -> None:
    """Train, measure and serve fair binary classifiers."""


if __name__ == "__main__":
    # Ctrl-C during the imports ends the process without a traceback. `entry_point` then listens.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    main(prog_name="python -m fairrun")
