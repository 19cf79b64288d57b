"""Measuring files, requantising them, and the trial at import: real programs, a tiny model."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fakes import tiny_gguf
from fakes.model_site import serving
from ingle.errors import BadModelFile, Busy, InvalidParams, Unavailable
from ingle.models import fastest as module
from ingle.models import programs
from ingle.models.fastest import fastest
from ingle.models.gguf import read_header
from ingle.models.importing import Manner, add
from ingle.models.library import InstalledModel, Library
from ingle.models.parts import Teller
from ingle.models.pull import pull
from ingle.models.requantizing import requantize

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 60
"""It takes a second; a busy machine may take some more."""


@dataclass
class Told:
    """What a person would see."""

    shares: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def teller(self) -> Teller:
        return Teller(share=self.shares.append, say=self.lines.append)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "models")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_timed_in_turns(tiny_model: Path, tmp_path: Path) -> None:
    other = tiny_gguf.build(tmp_path / "other.gguf", seed=1)
    shares: list[float] = []
    found = programs.run("measure", "speed", tiny_model, other, on_share=shares.append)
    assert [one["file"] for one in found] == [str(tiny_model), str(other)]
    assert all(one["prefill_tps"] > 0 and one["decode_tps"] > 0 for one in found)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_surprise_is_told_token_by_token_and_the_same_each_time(tiny_model: Path) -> None:
    (one,) = programs.run("measure", "perplexity", tiny_model, "--tokens", "300")
    (two,) = programs.run("measure", "perplexity", tiny_model, "--tokens", "300")
    assert len(one["surprises"]) == 300
    assert one == two
    assert all(nats >= 0 for nats in one["surprises"])


def test_the_embedded_model_finds_the_text_likely(embedded_model: Path) -> None:
    (found,) = programs.run("measure", "perplexity", embedded_model, "--tokens", "200")
    assert 2 < sum(found["surprises"]) / 200 < 5


def test_what_cannot_be_measured_says_why(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"not a model")
    with pytest.raises(Unavailable, match=r"m\.gguf"):
        programs.run("measure", "speed", tmp_path / "m.gguf")
    bert = tiny_gguf.build(tmp_path / "bert.gguf", model="bert")
    with pytest.raises(Unavailable, match="encoder"):
        programs.run("measure", "speed", bert)


def test_a_program_that_takes_too_long_is_ended(tiny_model: Path) -> None:
    with pytest.raises(Unavailable, match="took longer"):
        programs.run("measure", "speed", tiny_model, limit_s=0.01)


def test_an_interrupt_ends_the_program(tiny_model: Path) -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        programs.run("measure", "speed", tiny_model, on_share=stop)
    assert not _children()


def _children() -> list[str]:
    task = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    pids = task.read_text().split()
    commands = [Path(f"/proc/{pid}/cmdline") for pid in pids]
    return [
        text for text in (path.read_text() for path in commands if path.exists()) if "measure" in text
    ]


def test_wrong_usage_is_told() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ingle.engine.child.measure", "weight", "x"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "daemon")},
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert done.returncode == 2
    assert "usage" in done.stderr


# ---- at import


def test_what_comes_is_tried_and_the_trial_recorded(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEAST_TOKENS", 100)
    monkeypatch.setattr(module, "MOST_TOKENS", 200)
    told = Told()
    model = pull(f"file:{tiny_model}", library, told.teller)
    trial = library.story(model.name).trial
    assert trial is not None
    assert [one.quantization for one in trial.tried] == ["F16", "Q8_0"]
    assert all(one.prefill_tps > 0 for one in trial.tried)
    assert trial.kept == read_header(model.path).quantization
    assert told.lines[-1] == trial.reason
    assert told.shares == sorted(told.shares)
    expected = {f"{model.name}.gguf", f"{model.name}.json"}
    if trial.kept != "F16":
        expected.add(f"{model.name}.original")
    assert set(names(library.directory)) == expected


def test_a_better_type_takes_the_place_and_the_original_stays_beside(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    _measures(monkeypatch, {"F16": 100.0, "Q8_0": 200.0})
    model = pull(f"file:{tiny_model}", library)
    assert isinstance(model, InstalledModel)
    assert model.quantization == "Q8_0"
    assert library.original_of(model.name).read_bytes() == tiny_model.read_bytes()
    story = library.story(model.name)
    assert story.original_sha256
    assert story.original_sha256 != story.sha256
    added = add(tiny_model, library, "mine", Manner())
    assert read_header(added.path).quantization == "Q8_0"
    assert not library.original_of("mine").exists()


def test_what_loses_too_much_is_not_kept_however_fast(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    _measures(monkeypatch, {"F16": 100.0, "Q8_0": 200.0}, worse=0.2)
    told = Told()
    model = pull(f"file:{tiny_model}", library, told.teller)
    assert read_header(model.path).quantization == "F16"
    assert "22.1% higher" in told.lines[-1]
    assert names(library.directory) == [f"{model.name}.gguf", f"{model.name}.json"]


def _measures(monkeypatch: pytest.MonkeyPatch, speeds: dict[str, float], worse: float = 0.0) -> None:
    """Have the measuring find these speeds, and each token so much more surprising in what was made."""
    real = programs.run

    def run(program: str, *arguments: object, **options: object) -> list[dict[str, object]]:
        if program != "measure":
            return real(program, *arguments, **options)
        files = [Path(str(one)) for one in arguments[1:] if str(one).startswith("/")]
        kinds = [read_header(file).quantization for file in files]
        if arguments[0] == "speed":
            return [{"prefill_tps": speeds[kind], "decode_tps": speeds[kind]} for kind in kinds]
        return [{"surprises": [3.0 + worse * (kinds[0] != "F16")] * 100}]

    monkeypatch.setattr(programs, "run", run)


def test_where_nothing_can_be_measured_the_file_is_kept_as_it_came(
    tiny_model: Path, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise Unavailable("llama.cpp is not here")

    monkeypatch.setattr(programs, "run", fails)
    told = Told()
    model = pull(f"file:{tiny_model}", library, told.teller)
    assert model.path.read_bytes() == tiny_model.read_bytes()
    assert "kept as it came: llama.cpp is not here" in told.lines[-1]


def test_a_trial_that_is_stopped_leaves_no_files_of_its_own(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(tiny_model.read_bytes())

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with (
        pytest.raises(KeyboardInterrupt),
        fastest(path, read_header(path), Teller(share=stop)),
    ):
        pass
    assert names(tmp_path) == ["model.gguf"]


def test_a_pull_whose_trial_is_stopped_fetches_nothing_again(tiny_model: Path, library: Library) -> None:
    def stop(share: float) -> None:
        raise KeyboardInterrupt

    with serving(tiny_model.read_bytes()) as site:
        with pytest.raises(KeyboardInterrupt):
            pull(site.url, library, Teller(share=stop))
        assert library.list() == []
        model = pull(site.url, library, as_is=True)
        assert len(site.ranges) == 1
    assert model.path.read_bytes() == tiny_model.read_bytes()
    assert library.story(model.name).original_sha256 == ""
    assert names(library.directory) == [f"{model.name}.gguf", f"{model.name}.json"]


# ---- by the person


def test_a_model_is_requantised_and_compared(tiny_model: Path, library: Library) -> None:
    added = add(tiny_model, library, "mine", Manner(as_is=True))
    told = Told()
    found = requantize(added.path, "Q8_0", "mine-q8_0", library, told.teller)
    assert (found.before.quantization, found.after.quantization) == ("F16", "Q8_0")
    assert found.after.size_bytes < found.before.size_bytes
    assert found.before.perplexity > 1
    assert abs(found.loss.share) < 0.05
    new = library.find("mine-q8_0")
    assert new.quantization == "Q8_0"
    assert new.sha256
    assert names(library.directory) == [
        "mine-q8_0.gguf", "mine-q8_0.json", "mine.gguf", "mine.json"
    ]  # fmt: skip
    assert json.loads((library.directory / "mine-q8_0.json").read_text())["trial"]["kept"] == "Q8_0"
    with pytest.raises(Busy):
        requantize(added.path, "Q8_0", "mine-q8_0", library, told.teller)


def test_what_cannot_be_requantised_is_told_and_leaves_nothing(
    tiny_model: Path, library: Library, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny_model.read_bytes()[:5000])
    with pytest.raises(BadModelFile):
        requantize(broken, "Q8_0", "new", library, Teller())
    with pytest.raises(InvalidParams, match="already"):
        requantize(tiny_model, "F16", "new", library, Teller())
    assert not library.directory.exists() or names(library.directory) == []
