"""Groups of rows by protected column: one rule for training, serving, measuring and monitoring."""

from fairrun.groups.column import MISSING, ProtectedColumn
from fairrun.groups.factors import MOST_STRATA, factor_columns
from fairrun.groups.grammar import (
    GroupText,
    Item,
    format_group,
    group_from_document,
    parse_group,
)
from fairrun.groups.lookup import group_lookup, name_groups
from fairrun.groups.protected import (
    NEITHER_NAME,
    Protected,
    group_shares,
    group_table_names,
    without_empty_neither,
)
from fairrun.groups.reading import distinct_values, has_large_integers
from fairrun.groups.spellings import spelling_notes, spellings
from fairrun.groups.words import label_of
from fairrun.inference import GROUP_A, GROUP_B, NEITHER, value_text

__all__ = [
    "GROUP_A",
    "GROUP_B",
    "MISSING",
    "MOST_STRATA",
    "NEITHER",
    "NEITHER_NAME",
    "GroupText",
    "Item",
    "Protected",
    "ProtectedColumn",
    "distinct_values",
    "factor_columns",
    "format_group",
    "group_from_document",
    "group_lookup",
    "group_shares",
    "group_table_names",
    "has_large_integers",
    "label_of",
    "name_groups",
    "parse_group",
    "spelling_notes",
    "spellings",
    "value_text",
    "without_empty_neither",
]
