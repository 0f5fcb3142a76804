"""Read a request for mitigators such as ``reweighing+group_thresholds``, and check it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from fairrun.errors import RequestError
from fairrun.text import did_you_mean
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
        All of its parameters by name, with the defaults filled in.
    """

    mitigator: Mitigator
    parameters: dict[str, float | str]


@dataclass(frozen=True)
class Mitigation:
    """A combination of mitigators, at most one for each stage.

    Attributes
    ----------
    name : str
        The name as it was given.
    steps : dict of str to Step
        The mitigators by stage ("pre", "in", "post"); empty without mitigation.
    """

    name: str
    steps: dict[str, Step]

    @property
    def group_at_serving(self) -> bool:
        """Whether a step can use the protected column in prediction."""
        return any(step.mitigator.group_at_serving for step in self.steps.values())

    @property
    def group_before_decision(self) -> bool:
        """Whether a step before the decision uses the protected column in prediction."""
        return any(
            step.mitigator.group_at_serving for stage, step in self.steps.items() if stage != "post"
        )

    @property
    def decided_by(self) -> str:
        """The name of the method that decides the labels; "none" for the threshold of all models.

        Random numbers are separate for each method, so that models with the same seed do not
        change the labels of the same people.
        """
        last = next(reversed(self.steps.values()), None)
        return "none" if last is None or last.mitigator.stage == "pre" else last.mitigator.name

    @property
    def stage(self) -> str:
        """The stages joined by "+", for example "pre+post"; "none" without mitigation."""
        return "+".join(self.steps) or "none"

    @property
    def promising(self) -> Step | None:
        """The last step with a constraint, which later steps would otherwise undo; or None."""
        steps = [step for step in self.steps.values() if step.mitigator.constraint is not None]
        return steps[-1] if steps else None

    @property
    def constraint(self) -> str:
        """The constraint of the last step that has one, as the text of a gate; empty without one.

        Examples
        --------
        >>> resolve_mitigator("group_thresholds", {"tolerance": 0.1}).constraint
        'statistical_parity<=0.1'
        >>> resolve_mitigator("reweighing").constraint
        ''
        """
        step = self.promising
        if step is None or step.mitigator.constraint is None:
            return ""
        return step.mitigator.constraint(step.parameters)

    @property
    def parameters(self) -> dict[str, float | str]:
        """All parameters by name, or by ``mitigator.name`` if two steps share the name."""
        names = Counter(name for step in self.steps.values() for name in step.parameters)
        return {
            name if names[name] == 1 else f"{step.mitigator.name}.{name}": value
            for step in self.steps.values()
            for name, value in step.parameters.items()
        }


def resolve_mitigator(name: str, parameters: Mapping[str, object] | None = None) -> Mitigation:
    """Return the mitigators of a request, with checked parameters.

    Parameters
    ----------
    name : str
        A name in `MITIGATORS`, or several joined with "+": at most one for each stage, in the order
        pre, in, post.
    parameters : mapping, optional
        Values by parameter name or by ``mitigator.name``. Parameters that are not given take their
        defaults.

    Returns
    -------
    Mitigation

    Raises
    ------
    RequestError
        If a name or a parameter is unknown, a value is not allowed, or the mitigators cannot be
        combined.

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
            f"mitigator={name} cannot be combined ({' + '.join(stages)}); give at most one "
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
        raise RequestError(
            f"mitigator={name} is not supported, because {REFUSED[name]}; "
            f"give one of {', '.join(MITIGATORS)}"
        )
    if name not in MITIGATORS:
        everything = f"give one of {', '.join(MITIGATORS)}, or several joined with +"
        raise RequestError(
            f"mitigator={name} is not known; {did_you_mean(name, MITIGATORS, everything)}"
        )
    return MITIGATORS[name]


def _of(
    mitigator: Mitigator, everyone: list[Mitigator], given: Mapping[str, object]
) -> dict[str, object]:
    """Return the given parameters that belong to one of the mitigators.

    A name that no mitigator has is returned too, so that checking it raises.
    """
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
                f"{name!r} is a parameter of both {mitigator.name} and {takers[0]}; "
                f"give {mitigator.name}.{name} or {takers[0]}.{name}"
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
            f"mitigator={name} cannot be combined, because {within.mitigator.name} sets the "
            f"weights of the training rows itself; leave {steps['pre'].mitigator.name} out"
        )
    if "post" in steps and within.parameters.get("decision") == "randomised":
        raise RequestError(
            f"mitigator={name} cannot be combined, because {steps['post'].mitigator.name} needs a "
            f"score and {within.mitigator.name} is randomised; give the parameter decision=expected"
        )
