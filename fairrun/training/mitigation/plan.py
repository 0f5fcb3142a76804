"""What a user asked to be done about bias: `reweighing+group_thresholds`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from fairrun.documents import did_you_mean
from fairrun.errors import RequestError
from fairrun.training.mitigation.refused import REFUSED
from fairrun.training.mitigation.registry import MITIGATORS, Mitigator
from fairrun.training.parameters import resolve_parameters

__all__ = ["Mitigation", "Step", "resolve_mitigator"]

_ORDER = ("pre", "in", "post")


@dataclass(frozen=True)
class Step:
    """A mitigator with its parameters.

    Attributes
    ----------
    mitigator : Mitigator
        The row of the registry.
    parameters : dict of str to float or str
        All of its parameters, resolved.
    """

    mitigator: Mitigator
    parameters: dict[str, float | str]


@dataclass(frozen=True)
class Mitigation:
    """At most one mitigator of each stage.

    Attributes
    ----------
    name : str
        As it was asked for.
    steps : dict of str to Step
        By stage.
    """

    name: str
    steps: dict[str, Step]

    @property
    def group_at_serving(self) -> bool:
        """Whether a step reads the group to answer a row."""
        return any(step.mitigator.group_at_serving for step in self.steps.values())

    @property
    def stage(self) -> str:
        """The stages, as `pre+post`; `none` without any."""
        return "+".join(self.steps) or "none"

    @property
    def parameters(self) -> dict[str, float | str]:
        """Every parameter by name; by `mitigator.name` where two steps have the name."""
        names = Counter(name for step in self.steps.values() for name in step.parameters)
        return {
            name if names[name] == 1 else f"{step.mitigator.name}.{name}": value
            for step in self.steps.values()
            for name, value in step.parameters.items()
        }


def resolve_mitigator(name: str, parameters: Mapping[str, object] | None = None) -> Mitigation:
    """Look mitigators up and complete their parameters.

    Parameters
    ----------
    name : str
        A name of the registry, or several joined with `+`: at most one of each stage, in the order
        in which they act.
    parameters : mapping, optional
        Values by parameter name, or by `mitigator.name`; the others take their defaults.

    Returns
    -------
    Mitigation
        The steps.

    Raises
    ------
    RequestError
        If a name or a parameter is not known, a value is not allowed, or the mitigators do not go
        together.

    Examples
    --------
    >>> resolve_mitigator("correlation_remover").parameters
    {'alpha': 1.0}
    >>> resolve_mitigator("reweighing+group_thresholds", {"tolerance": 0.1}).stage
    'pre+post'
    >>> resolve_mitigator("reweighing", {"alpha": 0.5})
    Traceback (most recent call last):
    ...
    fairrun.errors.RequestError: reweighing takes no parameter 'alpha'; it takes none
    """
    mitigators = [_known(part) for part in name.split("+")]
    stages = [mitigator.stage for mitigator in mitigators]
    if stages == ["none"]:
        mitigators = []
    elif stages != [stage for stage in _ORDER if stage in stages]:
        raise RequestError(
            f"mitigator={name} does not go together ({' + '.join(stages)}); give at most one "
            "pre-processing, one in-processing and one post-processing method, in this order"
        )
    steps: dict[str, Step] = {
        mitigator.stage: Step(
            mitigator,
            resolve_parameters(
                mitigator.name, mitigator.parameters, _of(mitigator, mitigators, parameters or {})
            ),
        )
        for mitigator in mitigators
    }
    _check_together(name, steps)
    if not mitigators:
        resolve_parameters(name, (), parameters or {})
    return Mitigation(name, steps)


def _known(name: str) -> Mitigator:
    if name in REFUSED:
        raise RequestError(f"mitigator={name} is refused: {REFUSED[name]}")
    if name not in MITIGATORS:
        everything = f"give one of {', '.join(MITIGATORS)}, or several joined with +"
        raise RequestError(
            f"mitigator={name} is not known; {did_you_mean(name, MITIGATORS, everything)}"
        )
    return MITIGATORS[name]


def _of(
    mitigator: Mitigator, everyone: list[Mitigator], given: Mapping[str, object]
) -> dict[str, object]:
    """Pick the parameters that are meant for one of the steps."""
    others = [other for other in everyone if other is not mitigator]
    own = {parameter.name for parameter in mitigator.parameters}
    mine: dict[str, object] = {}
    for key, value in given.items():
        owner, _, name = key.rpartition(".")
        takers = [m.name for m in others if name in {p.name for p in m.parameters}]
        if owner == mitigator.name:
            mine[name] = value
        elif owner in {other.name for other in others}:
            continue
        elif name in own and takers:
            raise RequestError(
                f"{name!r} is a parameter of {mitigator.name} and of {takers[0]}; "
                f"say which, as {mitigator.name}.{name}"
            )
        elif name in own or not takers:
            mine[key] = value
    return mine


def _check_together(name: str, steps: Mapping[str, Step]) -> None:
    if "in" not in steps:
        return
    within = steps["in"]
    if "pre" in steps and steps["pre"].mitigator.gives_weights:
        raise RequestError(
            f"mitigator={name} does not go together: {within.mitigator.name} sets the weights of "
            f"the rows itself; leave {steps['pre'].mitigator.name} out"
        )
    if "post" in steps and within.parameters.get("decision") == "randomised":
        raise RequestError(
            f"mitigator={name} does not go together: {steps['post'].mitigator.name} decides by the "
            f"score; give {within.mitigator.name} the parameter decision=expected"
        )
