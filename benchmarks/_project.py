"""Puts the project on the path: every benchmark imports this first, and runs from any folder."""

import sys
from pathlib import Path

__all__ = ["ROOT"]

#: The project's folder.
ROOT = Path(__file__).resolve().parents[1]

sys.path.insert(0, str(ROOT))
