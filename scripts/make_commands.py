"""Write MLproject and docs/commands.md from the Click options of the entry points.

    python scripts/make_commands.py [--check]

The options are written once, in fairrun/entrypoints/. --check writes nothing and ends with 1 if a
file is not what it would write.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import click
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

#: In the order in which people meet them.
ENTRY_POINTS = (
    "main",
    "check",
    "preprocess",
    "train",
    "evaluate",
    "audit",
    "compare",
    "postprocess",
    "sweep",
    "promote",
    "rollback",
    "history",
    "serve",
)

#: Only for `python -m fairrun`: `mlflow run` would make a run for a command that ends runs, and for
#: one that decides from a file and needs no MLflow.
NOT_IN_MLPROJECT = ("gate", "reap")

_HEAD = """\
# Written by scripts/make_commands.py from the options of fairrun/entrypoints/.
# Every parameter is text here. The commands check the types.
name: fairrun

python_env: python_env.yaml

entry_points:
"""

_INTRODUCTION = """\
# Commands

<!-- Written by scripts/make_commands.py from the options of fairrun/entrypoints/. -->

In a project, `mlflow run . -e COMMAND -P name=value` runs a command in a tracked run; `-e main` may
be left out. `python -m fairrun COMMAND --name value` runs the same command from a checkout or from
an installed package. A parameter's name has underscores for MLflow (`split_seed`) and hyphens for
Python (`--split-seed`).

Exit codes: 0 success, 2 a bad request, 3 the tracking store cannot be used, 4 the gate failed, 5
too little evidence for the gate, 129 stopped by SIGHUP, 130 by Ctrl-C, 143 by SIGTERM, 1 a bug.
`mlflow run` turns every code but 0 into 1; the run's tag `process.exit_code` has the code, and its
description the line of an error ([gate.md](gate.md#in-a-ci-job)).
"""


def command(name: str) -> click.Command:
    """Return the Click command of an entry point."""
    found = importlib.import_module(f"fairrun.entrypoints.{name}").main
    assert isinstance(found, click.Command)  # noqa: S101
    return found


def options(name: str) -> list[click.Option]:
    """Return the options of an entry point, in their order."""
    return [option for option in command(name).params if isinstance(option, click.Option)]


def declared_name(option: click.Option) -> str:
    """Return the name of an MLflow parameter: Click lowers names, MLflow takes them as typed."""
    assert option.name is not None  # noqa: S101
    return option.name


def mlproject() -> str:
    """Return the text of MLproject."""
    lines = [_HEAD]
    for name in ENTRY_POINTS:
        lines.append(f"  {name}:\n    parameters:\n")
        for option in options(name):
            parts = ["type: string"]
            if not option.required:
                parts.append(f"default: {_quoted(str(option.default))}")
            lines.append(f"      {declared_name(option)}: {{{', '.join(parts)}}}\n")
        lines.append(f"    command: >-\n      python -m fairrun {name}\n")
        for option in options(name):
            flag = next(each for each in option.opts if each.startswith("--"))
            lines.append(f"      {flag} {{{declared_name(option)}}}\n")
        lines.append("\n")
    return "".join(lines).rstrip() + "\n"


def _quoted(text: str) -> str:
    """Quote what YAML would not read as this text."""
    plain = text and yaml.safe_load(f"[{text}]") == [text] and "," not in text
    return text if plain else f'"{text}"'


def reference() -> str:
    """Return the text of docs/commands.md."""
    lines = [_INTRODUCTION]
    for name in (*ENTRY_POINTS, *NOT_IN_MLPROJECT):
        found = command(name)
        only = " Not a command of `mlflow run`." if name in NOT_IN_MLPROJECT else ""
        lines.append(f"\n## {name}\n\n{found.help}{only}\n\n")
        lines.append("| parameter | default | meaning |\n| :--- | :--- | :--- |\n")
        for option in options(name):
            default = "required" if option.required else f"`{option.default}`"
            meaning = (option.help or "").replace("|", "\\|")
            if isinstance(option.type, click.Choice):
                meaning += f" One of {', '.join(f'`{each}`' for each in option.type.choices)}."
            lines.append(f"| `{declared_name(option)}` | {default} | {meaning} |\n")
    return "".join(lines)


FILES = {"MLproject": mlproject, "docs/commands.md": reference}


def main() -> int:
    """Write the files, or check them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true")
    check = arguments.parse_args().check
    stale = []
    for name, write in FILES.items():
        path, text = ROOT / name, write()
        if check:
            if not path.is_file() or path.read_text("utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"{', '.join(stale)}: not what the options say; run python scripts/make_commands.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
