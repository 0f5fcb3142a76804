"""Groups of rows by protected column: one rule for training, serving, measuring and monitoring."""

from fairrun.groups.column import MISSING, ProtectedColumn
from fairrun.groups.protected import (
    GROUP_A,
    GROUP_B,
    NEITHER,
    NEITHER_NAME,
    Protected,
    group_lookup,
    group_shares,
    group_table_names,
    name_groups,
    value_text,
    without_empty_neither,
)

__all__ = [
    "GROUP_A",
    "GROUP_B",
    "MISSING",
    "NEITHER",
    "NEITHER_NAME",
    "Protected",
    "ProtectedColumn",
    "group_lookup",
    "group_shares",
    "group_table_names",
    "name_groups",
    "value_text",
    "without_empty_neither",
]
