"""The table of the parts that a model is made of: what a saved `kind` is built by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from .chain import Chain
from .decisions import Decision, GroupThresholds, LabelMixing, MemberVote, Threshold
from .evidence import EvidenceScorer
from .group_blocks import GroupBlocks
from .mixture import MixtureScorer
from .network import NetworkScorer
from .prototypes import Prototypes
from .scorer import Arrays, LinearScorer, Scorer
from .transforms import GroupShift, GroupStepMap, Transform
from .trees import TreeScorer

__all__ = ["PARTS", "Part", "build_part"]

Part = Literal["transform", "scorer", "decision"]

#: By part, what a model can have there. A kind is part of the format: it is never renamed.
PARTS: Mapping[Part, tuple[type[Transform] | type[Scorer] | type[Decision], ...]] = {
    "transform": (GroupShift, GroupStepMap, Prototypes, GroupBlocks, Chain),
    "scorer": (LinearScorer, TreeScorer, NetworkScorer, EvidenceScorer, MixtureScorer),
    "decision": (Threshold, GroupThresholds, LabelMixing, MemberVote),
}
_BY_KIND = {part: {kind.kind: kind for kind in kinds} for part, kinds in PARTS.items()}


def build_part(part: Part, kind: str, arrays: Arrays) -> Any:
    """Build a part of a saved model.

    Parameters
    ----------
    part : {"transform", "scorer", "decision"}
        Which part.
    kind : str
        The kind that was saved.
    arrays : mapping of str to ndarray
        What `to_arrays` returned.

    Returns
    -------
    Transform, Scorer or Decision
        The part.
    """
    return _BY_KIND[part][kind].from_arrays(arrays)
