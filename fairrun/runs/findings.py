"""The first lines of a run that trains: what is wrong with its data."""

from __future__ import annotations

import logging

from fairrun.data import Dataset, find_in
from fairrun.tracking.names import FINDINGS
from fairrun.tracking.runs import log_table

__all__ = ["say_findings"]

_logger = logging.getLogger(__name__)

#: At most this number of findings is printed, the worst ones.
_MOST_LINES = 8


def say_findings(dataset: Dataset) -> None:
    """Print the worst findings about the training rows, and log all of them in the active run.

    Parameters
    ----------
    dataset : Dataset
        The data set. Call this once for each data set, not for each model.
    """
    found = find_in(dataset)
    shown = found.warnings[:_MOST_LINES]
    for each in shown:
        _logger.warning("%s", each)
    more = len(found.findings) - len(shown)
    if more:
        _logger.warning(
            "%d more finding%s: mlflow run … -e check with the same data", more, "s" * (more > 1)
        )
    if found.findings:
        log_table(FINDINGS, found.table)
