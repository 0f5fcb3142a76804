"""Data sets: specs, loading, column types, and reproducible splits."""

from fairrun.data.prepare import (
    SPLIT_NAMES,
    Dataset,
    Rows,
    label_group_counts,
    prepare,
    prepare_rows,
)
from fairrun.data.read_options import ReadOptions
from fairrun.data.request import KNOWN_DATASETS, DataRequest, is_preprocessed, resolve_spec
from fairrun.data.sources import load_source
from fairrun.data.spec import DatasetSpec, Splits

__all__ = [
    "KNOWN_DATASETS",
    "SPLIT_NAMES",
    "DataRequest",
    "Dataset",
    "DatasetSpec",
    "ReadOptions",
    "Rows",
    "Splits",
    "is_preprocessed",
    "label_group_counts",
    "load_source",
    "prepare",
    "prepare_rows",
    "resolve_spec",
]
