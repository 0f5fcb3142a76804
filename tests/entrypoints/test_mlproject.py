"""MLproject and the commands say the same."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from typing import Any

import click
import pytest
import yaml

from tests.conftest import ROOT

ENTRY_POINTS: dict[str, Any] = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))[
    "entry_points"
]


def command(name: str) -> click.Command:
    main = importlib.import_module(f"fairrun.entrypoints.{name}").main
    assert isinstance(main, click.Command)
    return main


def test_every_command_is_an_entry_point() -> None:
    files = {path.stem for path in (ROOT / "fairrun" / "entrypoints").glob("[!_]*.py")}
    # `mlflow run` would make a run for a command that ends runs.
    assert files == {*ENTRY_POINTS, "gate", "reap"}


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_parameters_are_the_commands_options(name: str) -> None:
    options = {option.name: option for option in command(name).params}
    # Click lowers names; MLflow's parameters are as typed.
    declared = ENTRY_POINTS[name]["parameters"]
    assert set(declared) == set(options)
    for parameter, said in declared.items():
        assert said["type"] == "string"
        if "default" in said:
            assert said["default"] == str(options[parameter].default)
        else:
            assert options[parameter].required


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_the_command_line_passes_each_parameter_on_unquoted(name: str) -> None:
    entry = ENTRY_POINTS[name]
    flags = re.findall(r"--(\S+) \{(\w+)\}", entry["command"])
    assert {parameter for _, parameter in flags} == set(entry["parameters"])
    options = {option.name: option.opts for option in command(name).params}
    for flag, parameter in flags:
        assert f"--{flag}" in options[parameter]
    assert not {"'", '"'} & set(entry["command"])  # MLflow quotes; a second time breaks the text


def test_the_generated_files_are_what_the_options_say() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/make_commands.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_every_option_has_a_help_text(name: str) -> None:
    assert command(name).help
    for option in command(name).params:
        assert isinstance(option, click.Option)
        assert option.help, option.name


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_every_option_says_what_auto_means(name: str) -> None:
    for option in command(name).params:
        assert isinstance(option, click.Option)
        if option.default == "auto":
            assert re.search(r"\bauto(:| uses)|A file needs it", option.help or ""), option.name
