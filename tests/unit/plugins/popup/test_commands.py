"""What the popup has of the tray: rows from what the daemon said, each one call."""

from pathlib import Path
from typing import Any

import pytest

from fakes.popup_plugin import FOLDER, module
from ingle.sdk import Plugin
from ingle.sdk.testing import FakeIngle

commands = module("commands")
Known = commands.Known

PLUGINS = [
    {"name": "popup", "state": "running", "source": "built-in", "summary": ""},
    {"name": "clipboard", "state": "running", "source": "built-in", "summary": ""},
    {"name": "selection", "state": "running", "source": "built-in", "summary": ""},
    {"name": "files", "state": "disabled", "source": "built-in", "summary": "folders"},
    {"name": "mine", "state": "disabled", "source": "user", "summary": "own"},
]
MODELS = [
    {"name": "smol", "state": "resident", "kind": "model"},
    {"name": "qwen", "state": "installed", "kind": "model"},
    {"name": "bge", "state": "installed", "kind": "embedder"},
    {"name": "far", "state": "available", "kind": "model"},
]
RESULTS = [{"id": "r1", "kind": "summary", "title": "A letter"}]


def names(**known: Any) -> list[str]:
    return [one.name for one in commands.rows(Known(**known))]


def test_everything_of_the_tray_is_here() -> None:
    assert names(plugins=PLUGINS, models=MODELS, results=RESULTS, status={"state": "ready"}) == [
        "clipboard", "summarise", "undo", "pause", "seen", "log", "quit",
        "result:r1", "model:qwen", "off:clipboard", "off:selection", "on:files",
    ]  # fmt: skip


def test_what_ends_something_is_not_done_by_a_single_chord() -> None:
    found = commands.rows(Known(plugins=PLUGINS, models=MODELS, results=RESULTS))
    assert [one.name for one in found if not one.has_number] == [
        "quit", "off:clipboard", "off:selection",
    ]  # fmt: skip


def test_what_is_paused_or_aside_is_brought_back() -> None:
    assert "resume" in names(status={"state": "paused"})
    assert "pause" not in names(status={"state": "paused"})
    assert {"resume", "pause"} <= set(names(status={"state": "aside"}))


def test_the_engine_line_says_where_the_model_is_and_why() -> None:
    engine = {"state": "ready", "model": "qwen3-4b", "device": "GPU", "vram_bytes": 1_130_000_000}
    assert Known(status={"engine": engine}).engine_line == "Qwen3 4B on the GPU, 1.1 GB"
    small = {**engine, "model": "smollm2-135m-instruct", "vram_bytes": 0, "rss_bytes": 245_000_000}
    assert Known(status={"engine": small}).engine_line == "SmolLM2 135M on the CPU, 245 MB"
    parked = {"state": "parked", "model": "qwen3-4b", "device": "", "reason": "game running"}
    assert Known(status={"engine": parked}).engine_line == "Qwen3 4B  ·  parked  ·  game running"
    assert Known(status={"state": "paused", "engine": engine}).engine_line == "Paused by you"


@pytest.fixture
def ingle() -> FakeIngle:
    return FakeIngle(Plugin(), "popup", FOLDER)


@pytest.mark.parametrize(
    ("name", "method", "params"),
    [
        ("pause", "daemon.pause", {}),
        ("resume", "daemon.resume", {}),
        ("quit", "daemon.stop", {}),
        ("model:qwen", "model.use", {"name": "qwen"}),
        ("off:files", "plugin.disable", {"name": "files"}),
        ("on:files", "plugin.enable", {"name": "files"}),
    ],
)
async def test_a_row_is_one_call(
    ingle: FakeIngle, name: str, method: str, params: dict[str, str]
) -> None:
    done = await commands.carry_out(ingle, name)
    assert ingle.calls == [(method, params)]
    assert done.notice


async def test_an_undo_that_fails_gives_the_old_text_to_be_copied(ingle: FakeIngle) -> None:
    ingle.answers["plugin.call"] = {"undone": False, "reason": "the window is gone", "text": "old"}
    done = await commands.carry_out(ingle, "undo")
    assert (done.text, "the window is gone" in done.notice) == ("old", True)


def test_models_are_switched_to_by_the_names_that_people_know() -> None:
    models = [
        {"name": "smollm2-135m-instruct", "state": "resident", "kind": "model"},
        {"name": "smollm2-135m-chat", "state": "installed", "kind": "model"},
        {"name": "qwen2.5-0.5b-instruct", "state": "installed", "kind": "model"},
    ]
    rows = {one.name: one.summary for one in commands.rows(Known(models=models))}
    assert rows["model:qwen2.5-0.5b-instruct"] == "to Qwen2.5 0.5B"
    assert rows["model:smollm2-135m-chat"] == "to smollm2-135m-chat"  # as the resident one is called


async def test_the_end_of_the_log_is_shown_in_whole_lines(
    ingle: FakeIngle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert (await commands.carry_out(ingle, "log")).text == "Nothing was written yet."
    (tmp_path / "ingle").mkdir()
    (tmp_path / "ingle/ingled.log").write_text("a line\n" * 20_000 + "the end\n")
    text = (await commands.carry_out(ingle, "log")).text
    assert text.startswith("a line\n")
    assert text.endswith("the end\n")
    assert commands.LOG_BYTES - len("a line\n") < len(text) <= commands.LOG_BYTES


async def test_what_it_saw_is_listed(ingle: FakeIngle) -> None:
    ingle.answers["context.list"] = [{"title": "A letter", "kind": "clipboard", "chars": 1200}]
    text = (await commands.carry_out(ingle, "seen")).text
    assert "A letter" in text
    assert "1,200 characters" in text
