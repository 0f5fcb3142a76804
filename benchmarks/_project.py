"""Adds the project's folder to `sys.path`, so that benchmarks run from any folder.

Every benchmark imports this module before it imports fairrun.
"""

import sys
from pathlib import Path

__all__ = ["ROOT"]

#: The project's folder.
ROOT = Path(__file__).resolve().parents[1]

sys.path.insert(0, str(ROOT))
