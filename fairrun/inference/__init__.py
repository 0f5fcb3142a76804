"""Inference: the code that saves a model and answers rows, without anything that training needs.

This package is copied into each saved model and runs from there. It therefore imports nothing from
the rest of fairrun, and uses relative imports within itself. It needs only numpy and pandas; the
modules `pyfunc` and `served_model` also need MLflow. A server of another version calls only
`load_model`, `describe` and `InferenceModel.answer` with `Columns`.
"""

from .answers import OUTPUT_COLUMNS, Answers
from .artifact import FORMAT_VERSION, load_model, save_model
from .background import Background, numeric_places
from .chain import Chain
from .changeable import Changeable
from .cleaning import BLANKS, NULL_WORDS, Cleaning
from .columns import (
    Column,
    Columns,
    Table,
    column_names,
    is_other_spelling,
    numbers,
    plain_cells,
    take_columns,
    text_codes,
    texts,
)
from .decisions import Decision, GroupThresholds, LabelMixing, MemberVote, Threshold
from .describe import describe
from .draws import RowDraws
from .encoder import Categorical, Encoder, Numeric
from .errors import InputError, ModelError, name_rows
from .evidence import EvidenceScorer
from .explain import Explanations
from .given_score import GivenScore
from .group_blocks import GroupBlocks
from .groups import GROUP_A, GROUP_B, NEITHER, GroupLookup
from .mixture import MixtureScorer
from .model import InferenceModel
from .network import NetworkScorer
from .prototypes import Prototypes
from .ranges import REST, Range, read_range, rest_of
from .scorer import LinearScorer, Scorer, sigmoid
from .transforms import GroupShift, GroupStepMap, StepFunction, Transform
from .trees import TreeScorer
from .values import YES_NO, has_text, number_of, value_text, yes_no_texts

__all__ = [
    "BLANKS",
    "FORMAT_VERSION",
    "GROUP_A",
    "GROUP_B",
    "NEITHER",
    "NULL_WORDS",
    "OUTPUT_COLUMNS",
    "REST",
    "YES_NO",
    "Answers",
    "Background",
    "Categorical",
    "Chain",
    "Changeable",
    "Cleaning",
    "Column",
    "Columns",
    "Decision",
    "Encoder",
    "EvidenceScorer",
    "Explanations",
    "GivenScore",
    "GroupBlocks",
    "GroupLookup",
    "GroupShift",
    "GroupStepMap",
    "GroupThresholds",
    "InferenceModel",
    "InputError",
    "LabelMixing",
    "LinearScorer",
    "MemberVote",
    "MixtureScorer",
    "ModelError",
    "NetworkScorer",
    "Numeric",
    "Prototypes",
    "Range",
    "RowDraws",
    "Scorer",
    "StepFunction",
    "Table",
    "Threshold",
    "Transform",
    "TreeScorer",
    "column_names",
    "describe",
    "has_text",
    "is_other_spelling",
    "load_model",
    "name_rows",
    "number_of",
    "numbers",
    "numeric_places",
    "plain_cells",
    "read_range",
    "rest_of",
    "save_model",
    "sigmoid",
    "take_columns",
    "text_codes",
    "texts",
    "value_text",
    "yes_no_texts",
]
