"""The classes of the parts of a model, by the `kind` that a saved model records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from .chain import Chain
from .decisions import Decision, GroupThresholds, LabelMixing, MemberVote, Threshold
from .evidence import EvidenceScorer
from .given_score import GivenScore
from .group_blocks import GroupBlocks
from .mixture import MixtureScorer
from .network import NetworkScorer
from .prototypes import Prototypes
from .scorer import Arrays, LinearScorer, Scorer
from .transforms import GroupShift, GroupStepMap, Transform
from .trees import TreeScorer

__all__ = ["PARTS", "Part", "build_part"]

Part = Literal["transform", "scorer", "decision"]

#: The classes that each part of a model can have. Saved models contain the `kind` of a class, so a
#: kind is never renamed.
PARTS: Mapping[Part, tuple[type[Transform] | type[Scorer] | type[Decision], ...]] = {
    "transform": (GroupShift, GroupStepMap, Prototypes, GroupBlocks, Chain),
    "scorer": (
        LinearScorer,
        TreeScorer,
        NetworkScorer,
        EvidenceScorer,
        MixtureScorer,
        GivenScore,
    ),
    "decision": (Threshold, GroupThresholds, LabelMixing, MemberVote),
}
_BY_KIND = {part: {kind.kind: kind for kind in kinds} for part, kinds in PARTS.items()}


def build_part(part: Part, kind: str, arrays: Arrays) -> Any:
    """Return a part of a saved model.

    Parameters
    ----------
    part : {"transform", "scorer", "decision"}
        The part.
    kind : str
        The `kind` of its class.
    arrays : mapping of str to array
        The arrays that its `to_arrays` returned.

    Returns
    -------
    Transform, Scorer or Decision
    """
    return _BY_KIND[part][kind].from_arrays(arrays)
