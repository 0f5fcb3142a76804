"""What rows must hold before they are split: groups to compare, features that tell something."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fairrun.data.spec import DatasetSpec
from fairrun.errors import RequestError
from fairrun.groups import GROUP_A, GROUP_B, Protected

__all__ = ["MIN_GROUP_ROWS", "check_features", "check_groups"]

#: A group with fewer rows cannot be split in three and measured.
MIN_GROUP_ROWS = 30


def check_groups(groups: NDArray[np.int8], protected: Protected) -> None:
    """Check that each group has rows enough.

    Raises
    ------
    RequestError
        If a group has fewer than `MIN_GROUP_ROWS` rows.
    """
    for group, name in zip((GROUP_A, GROUP_B), protected.group_names, strict=True):
        count = int(np.sum(groups == group))
        if count < MIN_GROUP_ROWS:
            raise RequestError(
                f"the group {name!r} of {protected.column!r} has {count} rows, too few to split "
                f"and measure; {MIN_GROUP_ROWS} are needed: compare other values, or merge some"
            )


def check_features(frame: pd.DataFrame, spec: DatasetSpec) -> None:
    """Check that no feature is constant.

    Raises
    ------
    RequestError
        If one is.
    """
    features = [name for name in frame.columns if name not in spec.not_features]
    constant = [str(name) for name in features if frame[name].nunique(dropna=False) == 1]
    if constant:
        raise RequestError(
            f"{constant} have one value only and tell nothing; drop them with "
            f"drop={','.join([*spec.drop, *constant])}"
        )
