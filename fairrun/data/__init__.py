"""Data sets: specs, loading, column types, and reproducible splits."""

from fairrun.data.ahead import ReadRequest, read_ahead, read_decisions_ahead
from fairrun.data.cells import decide_text
from fairrun.data.clusters import clusters_note, deal_clusters, read_clusters
from fairrun.data.databases import is_database
from fairrun.data.decision_table import DecisionTable, read_decisions
from fairrun.data.decisions import Decisions
from fairrun.data.decisions_request import DecisionsRequest, ScoreScale, has_spec
from fairrun.data.findings import (
    Finding,
    Findings,
    Roles,
    check_request,
    code_columns,
    draft_spec,
    find,
    find_in,
    possible_protected,
    possible_targets,
)
from fairrun.data.outcomes import read_outcome
from fairrun.data.prepare import (
    SPLIT_NAMES,
    Dataset,
    PreparedRows,
    Rows,
    label_group_counts,
    prepare,
    prepare_rows,
    split_rows,
)
from fairrun.data.read_options import ReadOptions
from fairrun.data.request import KNOWN_DATASETS, DataRequest, is_preprocessed, resolve_spec
from fairrun.data.source_table import SourceTable
from fairrun.data.sources import load_source
from fairrun.data.spec import DatasetSpec, Splits
from fairrun.data.spec_shape import checked_types
from fairrun.data.text_columns import are_dates, identify_rows
from fairrun.data.typed import TypedTable, type_columns
from fairrun.data.weights import effective_n, read_weights, relative_weights, weights_note

__all__ = [
    "KNOWN_DATASETS",
    "SPLIT_NAMES",
    "DataRequest",
    "Dataset",
    "DatasetSpec",
    "DecisionTable",
    "Decisions",
    "DecisionsRequest",
    "Finding",
    "Findings",
    "PreparedRows",
    "ReadOptions",
    "ReadRequest",
    "Roles",
    "Rows",
    "ScoreScale",
    "SourceTable",
    "Splits",
    "TypedTable",
    "are_dates",
    "check_request",
    "checked_types",
    "clusters_note",
    "code_columns",
    "deal_clusters",
    "decide_text",
    "draft_spec",
    "effective_n",
    "find",
    "find_in",
    "has_spec",
    "identify_rows",
    "is_database",
    "is_preprocessed",
    "label_group_counts",
    "load_source",
    "possible_protected",
    "possible_targets",
    "prepare",
    "prepare_rows",
    "read_ahead",
    "read_clusters",
    "read_decisions",
    "read_decisions_ahead",
    "read_outcome",
    "read_weights",
    "relative_weights",
    "resolve_spec",
    "split_rows",
    "type_columns",
    "weights_note",
]
