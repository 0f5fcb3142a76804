"""What models look at: an everyday one, one with many columns and long names, and hardly any."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from fairrun.explanations import Overview, explain_model
from fairrun.groups import Protected, ProtectedColumn
from fairrun.training import FairClassifier
from tests.people import make_raw


@cache
def overview(mitigator: str = "none") -> Overview:
    """Of a model of 900 rows and four columns."""
    rows = make_raw(900, seed=5)
    label = (rows.pop("paid") == "high").astype(int)
    classifier = FairClassifier(Protected("sex", "Male", "Female"), mitigator=mitigator)
    sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    return explain_model(classifier.fit(rows, label).inference_, rows, sex)


@cache
def hard_overview() -> Overview:
    """Of 18 columns with names, categories and groups that no line has room for."""
    rng = np.random.default_rng(2)
    n = 600
    words = [f"Wohnungsgeberbestaetigung nach § {i}, erteilt" for i in range(11)]
    values = np.array(["Married-civ-spouse or Married-AF-spouse", "Never-married or separated"])
    groups = rng.integers(0, 2, n)
    frame = pd.DataFrame(
        {
            "Staatsangehoerigkeitsausweis vorgelegt am": rng.choice(words, n),
            **{
                f"Einkommen $ im Monat {i} vor der Antragstellung": rng.normal(1e6, 4e5, n) + i
                for i in range(17)
            },
            "Familienstand bei Antragstellung": values[groups],
        }
    )
    # Nearly all of it hangs on the first numbers, and on the group.
    score = frame.iloc[:, 1] / 4e5 - frame.iloc[:, 2] / 5e5 + groups
    label = (score + rng.normal(size=n) > score.median()).astype(int)
    name = "Familienstand bei Antragstellung"
    column = ProtectedColumn(name, tuple(values.tolist()), (values[0],), (values[1],))
    classifier = FairClassifier(Protected(name, values[0]), mitigator="correlation_remover")
    return explain_model(classifier.fit(frame, label).inference_, frame, column)


@cache
def empty_overview() -> Overview:
    """Of a model that looks at nothing, and of rows of which one group has none."""
    frame = pd.DataFrame({"age": [40.0] * 60, "sex": ["Male", "Female"] * 30})
    model = FairClassifier(Protected("sex", "Male")).fit(frame, [0, 1, 1, 0] * 15).inference_
    sex = ProtectedColumn("sex", ("Male", "Female"), ("Male",), ("Female",))
    return explain_model(model, frame[frame["sex"] == "Male"].reset_index(drop=True), sex)
