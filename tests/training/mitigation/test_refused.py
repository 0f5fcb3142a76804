"""Everything that holisticai exports is served, or refused by name, or made for another task."""

from __future__ import annotations

import re

import pytest

from fairrun.errors import RequestError
from fairrun.groups import Protected
from fairrun.training import FairClassifier
from fairrun.training.mitigation import MITIGATORS, resolve_mitigator
from fairrun.training.mitigation.refused import REFUSED

#: Clustering, recommendation, ranking, regression and more than two labels.
OTHER_TASKS = {
    "BlindSpotAwareMF",
    "DebiasingExposure",
    "DebiasingLearningMF",
    "DisparateImpactRemoverRS",
    "FairKCenterClustering",
    "FairKMedianClustering",
    "FairRec",
    "FairTopK",
    "FairletClustering",
    "FairletClusteringPreprocessing",
    "LPDebiaserMulticlass",
    "MCMF",
    "PluginEstimationAndCalibration",
    "PopularityPropensityMF",
    "VariationalFairClustering",
    "WassersteinBarycenter",
}
#: Names that are not simply the class name in snake_case.
OUR_NAMES = {
    "ExponentiatedGradientReduction": "exponentiated_gradient",
    "GridSearchReduction": "grid_search",
    "LPDebiaserBinary": "lp_debiaser",
    "MLDebiaser": "ml_debiaser",
}


def test_every_export_of_holisticai_is_accounted_for() -> None:
    from holisticai.bias import mitigation

    exported = set(mitigation.__all__)
    assert exported >= OTHER_TASKS | set(OUR_NAMES)
    names = {
        OUR_NAMES.get(name, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
        for name in exported - OTHER_TASKS
    }
    assert names <= set(MITIGATORS) | set(REFUSED)
    assert set(REFUSED) <= names
    assert not set(REFUSED) & set(MITIGATORS)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_one_line_with_the_reason(name: str) -> None:
    with pytest.raises(RequestError) as refusal:
        resolve_mitigator(f"reweighing+{name}")
    assert REFUSED[name] in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", [m.name for m in MITIGATORS.values() if m.stage == "in"])
def test_an_own_model_refuses_another_estimator(name: str) -> None:
    told = FairClassifier(
        Protected("sex", "Male"), mitigator=name, estimator="hist_gradient_boosting"
    )
    if MITIGATORS[name].wraps_estimator:
        assert told.recipe().estimator.row.name == "hist_gradient_boosting"
    else:
        with pytest.raises(
            RequestError,
            match=f"{name} trains its own model and uses no estimator; leave estimator",
        ):
            told.recipe()
