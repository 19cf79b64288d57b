"""`tests/bench` is a program of its own (`python tests/bench`): its modules are at the top there."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench"))
