"""What monitoring compares later rows with, and the small tables that it counts them in.

`Histogram` counts the values of one column in `NumberBins` or `CategoryBins`, and can be added.
`GroupCalibration` compares scores with labels by group. `Reference` holds both for the rows on
which a model was evaluated, with the counts of groups; `read_reference` reads it from a file.
"""

from fairrun.monitor.bins import (
    Bins,
    CategoryBins,
    NumberBins,
)
from fairrun.monitor.calibration import (
    GroupCalibration,
)
from fairrun.monitor.histograms import (
    Histogram,
    fit_histogram,
)
from fairrun.monitor.reference import (
    FORMAT,
    GroupRates,
    MeasuredBy,
    Reference,
    read_reference,
    reference_of,
)

__all__ = [
    "FORMAT",
    "Bins",
    "CategoryBins",
    "GroupCalibration",
    "GroupRates",
    "Histogram",
    "MeasuredBy",
    "NumberBins",
    "Reference",
    "fit_histogram",
    "read_reference",
    "reference_of",
]
