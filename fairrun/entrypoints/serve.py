"""Serve a logged model: `mlflow run . -e serve -P model=runs:/<run id>/model`."""

from __future__ import annotations

import click

from fairrun.entrypoints._command import entry_point, slow_imports
from fairrun.models.address import check_address


@entry_point
@click.option("--model", required=True, help="Any model URI, such as runs:/<run id>/model.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, help="The port; 0 for any free port."
)
@click.option(
    "--host",
    default="127.0.0.1",
    help="The address to listen at. An address that other machines can reach needs FAIRRUN_TOKEN.",
)
@click.option(
    "--poll",
    type=click.IntRange(0, 86_400),
    default=10,
    help="If the model is given by an alias, the seconds between two looks whether the alias "
    "points to another version, which then takes over; 0 to stay with the first one.",
)
@click.option(
    "--reason-texts",
    default="none",
    help="A YAML file with reason codes and texts for adverse-decision notices (/predict?reasons="
    "true); none: texts are made from the names of columns.",
)
def main(model: str, port: int, host: str, poll: int, reason_texts: str) -> None:
    """Serve a logged model over HTTP. Its documentation is at /docs."""
    check_address(model)

    with slow_imports():
        from fairrun.serving.server import serve
        from fairrun.tracking.descriptions import as_code
        from fairrun.tracking.left_run import claim_run, end_left_run

    claim_run("serve", f"Serves the model {as_code(model)} until the server is stopped.")
    if serve(model, host, port, poll, None if reason_texts == "none" else reason_texts):
        end_left_run()
