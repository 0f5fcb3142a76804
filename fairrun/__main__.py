"""Run an entry point by its name, for example `python -m fairrun train --help`."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import signal
from pathlib import Path

import click

import fairrun.entrypoints

__all__ = ["main"]


class _EntryPoints(click.Group):
    """The commands of `fairrun.entrypoints`, each of which is imported only if it is used."""

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names with the first sentence of each file; importing all files is slower."""
        folder = Path(fairrun.entrypoints.__path__[0])
        rows = []
        for name in self.list_commands(ctx):
            documented = ast.get_docstring(ast.parse((folder / f"{name}.py").read_text("utf-8")))
            rows.append((name, (documented or "").partition(":")[0] + "."))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.group(cls=_EntryPoints, name="fairrun")
@click.version_option(fairrun.__version__, message="fairrun %(version)s")
def main() -> None:
    """Train, measure and serve fair binary classifiers.

    In a project, `mlflow run . -e COMMAND -P name=value` runs the same commands in a tracked run.
    """


if __name__ == "__main__":
    # Ctrl-C during the imports ends the process without a traceback. `entry_point` then listens.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    main(prog_name="python -m fairrun")
