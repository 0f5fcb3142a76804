"""How many changed inputs each reader of strangers' text answers or refuses as it should.

    python benchmarks/fuzz.py --seconds 3600 --save

The readers, their seeds and what must hold are in tests/fuzz/subjects.py. A fault ends in exit
code 1, with the input that shows it.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import count

from _project import ROOT  # noqa: F401 (puts the project on the path)
from _results import Measurement, add_save

from tests.fuzz.subjects import SUBJECTS, attack

#: So many inputs are asked between two looks at the clock.
_BATCH = 100


def main() -> int:
    """Search each subject in turn until the time is over, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for all subjects together")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other inputs")
    add_save(parser)
    options = parser.parse_args()
    measurement = Measurement(
        [
            "tests/fuzz",
            *(f"fairrun/{room}" for room in ("data", "gate", "groups", "serving", "sweep")),
        ]
    )
    rows, faults = [], 0
    for name, subject in SUBJECTS.items():
        end = time.monotonic() + options.seconds / len(SUBJECTS)
        asked = accepted = found = 0
        for number in count():
            if number % _BATCH == 0 and time.monotonic() > end:
                break
            asked += 1
            try:
                accepted += attack(subject, options.seed, number)
            except AssertionError as fault:
                found += 1
                print(f"{name}, input {number}: {fault}"[:2000], file=sys.stderr)
        rows.append({"reader": name, "inputs": asked, "accepted": accepted, "faults": found})
        print(f"{name}: {asked:,} inputs, {accepted:,} accepted, {found} faults", flush=True)
        faults += found
    if options.save:
        measurement.save("fuzz", rows)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
