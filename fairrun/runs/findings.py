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
    protected = {each.column for each in dataset.spec.protected}
    # The notes of the data set have said the spellings of protected values.
    new = [f for f in found.warnings if f.kind != "spellings" or not protected & {*f.columns}]
    shown = new[:_MOST_LINES]
    for each in shown:
        _logger.warning("%s", each)
    more = len(found.findings) - len(found.warnings) + len(new) - len(shown)
    if more:
        _logger.warning(
            "%d%s %s in %s.json of this run",
            more,
            " more" if shown else "",
            "finding is" if more == 1 else "findings are",
            FINDINGS,
        )
    if found.findings:
        log_table(FINDINGS, found.table)
