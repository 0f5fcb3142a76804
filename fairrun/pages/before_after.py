"""The table of metrics before and after a mitigator, with texts for numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fairrun.metrics import has_sign
from fairrun.text import with_interval

__all__ = ["shown_before_after"]


def shown_before_after(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `before_after_table` with texts for numbers.

    A metric without a value is an empty text.
    """
    shown = pd.DataFrame({"metric": [name.replace("_", " ") for name in table["metric"]]})
    for which in ("before", "after"):
        numbers = table[[which, f"{which}_ci_low", f"{which}_ci_high"]].to_numpy(dtype=float)
        shown[which] = [
            "" if np.isnan(row[0]) else with_interval(*row, signed=has_sign(name))
            for name, row in zip(table["metric"], numbers.tolist(), strict=True)
        ]
    return shown
