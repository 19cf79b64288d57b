"""The menu as data: what it says in which state, and what its lines do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.tray_plugin import module

menu, snapshots, wording = module("menu"), module("snapshot"), module("wording")
Snapshot, Action = snapshots.Snapshot, menu.Action

ENGINE = {
    "state": "ready", "model": "smollm2-135m-instruct", "device": "CPU", "rss_bytes": 245_000_000,
}  # fmt: skip
PLUGINS = [
    {"name": "clipboard", "state": "running"},
    {"name": "hotkey", "state": "waiting", "reason": "no display"},
    {"name": "popup", "state": "running"},
    {"name": "selection", "state": "disabled"},
]
MODELS = [
    {"name": "smollm2-135m-instruct", "state": "resident", "size_bytes": 98_000_000},
    {"name": "qwen2.5-0.5b-instruct", "state": "installed", "size_bytes": 490_000_000},
    {"name": "qwen3-4b", "state": "available", "size_bytes": 2_500_000_000},
    {"name": "bge-small", "state": "installed", "size_bytes": 30_000_000, "kind": "embedder"},
]


def status(**changed: Any) -> dict[str, Any]:
    return {"state": "ready", "engine": ENGINE, "plugins": PLUGINS, "warnings": [], **changed}


def engine(**changed: Any) -> dict[str, Any]:
    return status(engine={**ENGINE, **changed})


def labels(snapshot: Any) -> list[str]:
    return [entry.label for entry in menu.tree(snapshot) if entry.kind != "separator"]


def entry(snapshot: Any, *path: str) -> Any:
    found = menu.find(menu.tree(snapshot), path)
    assert found, f"{path} is not in {labels(snapshot)}"
    return found


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (engine(), "SmolLM2 135M on the CPU, 245 MB"),
        (engine(device="CPU", rss_bytes=60_000_000), "SmolLM2 135M on the CPU, 60 MB"),
        (engine(vram_bytes=1_100_000_000, gpu_layers=30, layers=30), "SmolLM2 135M on the GPU, 1.1 GB"),
        (
            engine(vram_bytes=3_100_000_000, gpu_layers=20, layers=37),
            "SmolLM2 135M on the GPU, 3.1 GB, 20 of 37 layers",
        ),
        (engine(state="loading", progress=0.4), "SmolLM2 135M: loading, 40%"),
        (engine(state="loading", progress=None), "SmolLM2 135M: loading"),
        (engine(state="starting", model=None), "The model: loading"),
        (
            {**engine(state="parked", reason="game"), "state": "aside", "reason": "game running"},
            "SmolLM2 135M is aside: game running",
        ),
        (
            engine(state="parked", reason="given back; the next request loads it again"),
            "SmolLM2 135M: given back; the next request loads it again",
        ),
        (engine(state="failed", reason="no memory"), "SmolLM2 135M does not work: no memory"),
        (
            engine(state="absent", model=None, reason="`ingle model pull` gets one"),
            "No model: `ingle model pull` gets one",
        ),
        ({}, "Starting"),
    ],
)
def test_the_first_line_is_the_model_and_why_it_is_where_it_is(given: Any, said: str):
    first = menu.tree(Snapshot(status=given))[0]
    assert first.label == said
    assert not first.is_enabled


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (Snapshot(status=status()), "ready"),
        (Snapshot(status=status(), is_busy=True), "busy"),
        (Snapshot(status=engine(state="loading")), "busy"),
        (Snapshot(status=status(state="paused"), is_busy=True), "paused"),
        (Snapshot(status={**engine(state="parked"), "state": "aside"}), "aside"),
        (Snapshot(status=engine(state="parked", reason="given back")), "ready"),
        (Snapshot(status=status(state="degraded", warnings=["no GPU"])), "degraded"),
        (Snapshot(status=status(plugins=[{"name": "x", "state": "failed"}])), "degraded"),
        (Snapshot(status={**engine(state="failed"), "state": "degraded"}), "error"),
        (Snapshot(status={**engine(state="absent"), "state": "degraded"}), "error"),
        (Snapshot(status={**engine(state="failed"), "state": "paused"}), "paused"),
    ],
)
def test_the_icon_says_one_thing(given: Any, state: str):
    assert snapshots.state_of(given) == state
    assert wording.title(given).startswith(f"Ingle: {wording.STATES[state]}. ")


def test_what_else_is_to_be_known_is_said():
    said = labels(
        Snapshot(
            status=status(
                engine={**ENGINE, "next": "qwen3-4b", "progress": 0.25, "twin": "smollm2-135m"},
                held="on battery",
                warnings=["the GPU is gone"],
                plugins=[{"name": "tray2", "state": "failed", "reason": "crashed"}],
            ),
            trouble="That did not work: no popup",
        )
    )
    assert {
        "That did not work: no popup",
        "Qwen3 4B takes over: loading, 25%",
        "SmolLM2 135M answers meanwhile, from the CPU",
        "Background work waits: on battery",
        "the GPU is gone",
        "Plugin tray2 has failed: crashed",
    } <= set(said)


def test_a_pause_can_be_taken_back():
    assert entry(Snapshot(status=status()), "Pause").action == Action("pause")
    paused = Snapshot(status=status(state="paused", reason="paused by you"))
    assert entry(paused, "Resume").action == Action("resume")
    assert "Paused: paused by you" in labels(paused)


def test_a_model_that_is_aside_can_be_called_back():
    aside = Snapshot(status={**engine(state="parked"), "state": "aside", "reason": "game running"})
    assert entry(aside, "Bring the model back").action == Action("resume")
    assert entry(aside, "Pause").action == Action("pause")
    assert "Bring the model back" not in labels(Snapshot(status=status()))


def test_what_another_plugin_does_is_offered_while_it_runs():
    now = Snapshot(status=status())
    assert entry(now, "Ask…").action == Action("ask")
    assert entry(now, "Ask…").is_default
    assert entry(now, "Summarise clipboard").action == Action("summarise")
    assert not entry(now, "Undo last replacement (plugin selection is off)").is_enabled
    waiting = status(plugins=[{"name": "popup", "state": "waiting", "reason": "no display"}])
    assert not entry(Snapshot(status=waiting), "Ask… (no display)").is_enabled


def test_models_that_are_here_and_answer_can_be_switched_to():
    [small, other] = entry(Snapshot(status=status(), models=MODELS), "Model").submenu
    assert (small.label, small.kind, small.is_checked) == ("SmolLM2 135M, 98 MB", "radio", True)
    assert (other.label, other.is_checked) == ("Qwen2.5 0.5B, 490 MB", False)
    assert other.action == Action("model", "qwen2.5-0.5b-instruct")


def test_a_model_that_takes_over_is_the_chosen_one():
    now = Snapshot(status=engine(next="qwen2.5-0.5b-instruct"), models=MODELS)
    assert [each.is_checked for each in entry(now, "Model").submenu] == [False, True]


def test_two_models_that_would_be_called_the_same_keep_their_names():
    rows = [{"name": name, "state": "installed"} for name in ("qwen3-4b", "qwen3-4b-instruct")]
    lines = entry(Snapshot(status=status(), models=rows), "Model").submenu
    assert [line.label for line in lines] == ["qwen3-4b", "qwen3-4b-instruct"]


def test_plugins_are_switched_and_say_what_they_wait_for():
    clipboard, hotkey, _, selection = entry(Snapshot(status=status()), "Plugins").submenu
    assert (clipboard.label, clipboard.is_checked) == ("clipboard", True)
    assert clipboard.action == Action("disable", "clipboard")
    assert (hotkey.label, hotkey.is_checked) == ("hotkey (no display)", True)
    assert (selection.is_checked, selection.action) == (False, Action("enable", "selection"))


def test_a_foreign_plugin_is_not_approved_by_a_click():
    stranger = {"name": "stranger", "state": "disabled", "source": "yours"}
    [line] = entry(Snapshot(status=status(plugins=[stranger])), "Plugins").submenu
    assert (line.label, line.action) == ("stranger (`ingle plugin enable stranger`)", None)


def test_recent_results_open_by_their_id():
    rows = [{"id": "r7", "title": "A letter", "kind": "summary", "at": None}]
    now = Snapshot(status=status(), results=rows)
    [line] = entry(now, "Recent results").submenu
    assert (line.label, line.action) == ("A letter", Action("result", "r7"))
    [line] = entry(Snapshot(status=status()), "Recent results").submenu
    assert (line.label, line.is_enabled) == ("Nothing yet", False)


def test_what_changes_often_leaves_the_form_as_it_is():
    """A menu that is open is written into; one of another form would have to be replaced."""
    now = Snapshot(status=status(), models=MODELS)
    off = [{**row, "state": "disabled"} for row in PLUGINS if row["name"] == "clipboard"]
    for later in (
        Snapshot(status=engine(state="loading", progress=0.4), models=MODELS),
        Snapshot(status=status(), models=MODELS, is_busy=True),
        Snapshot(status=engine(model="qwen2.5-0.5b-instruct"), models=MODELS),
        Snapshot(status=status(plugins=off + PLUGINS[1:]), models=MODELS),
    ):
        assert menu.has_same_form(menu.tree(now), menu.tree(later))
    assert not menu.has_same_form(
        menu.tree(now), menu.tree(Snapshot(status=status(), models=MODELS[:1]))
    )


def test_work_is_said_in_the_first_line():
    busy = Snapshot(status=status(), is_busy=True)
    assert labels(busy)[0] == "SmolLM2 135M on the CPU, 245 MB, at work"


def test_a_line_is_found_by_its_place():
    tree = menu.tree(Snapshot(status=status(), models=MODELS))
    places = {each.label: (index,) for index, each in enumerate(tree)}
    assert menu.at(tree, places["Pause"]).action == Action("pause")
    assert menu.at(tree, (*places["Model"], 1)).action == Action("model", "qwen2.5-0.5b-instruct")
    assert menu.at(tree, (*places["Model"], 9)) is None
    assert menu.at(tree, (99,)) is None
    assert menu.at(tree, ()) is None


def test_it_ends_with_quit():
    last = menu.tree(Snapshot())[-1]
    assert (last.label, last.action) == ("Quit Ingle", Action("quit"))


def test_it_can_be_told_as_json():
    [first, *_] = menu.as_json(menu.tree(Snapshot(status=status())))
    assert first == {
        "label": "SmolLM2 135M on the CPU, 245 MB",
        "kind": "line",
        "enabled": False,
        "checked": False,
        "submenu": [],
    }


@given(st.text(max_size=300), st.integers(4, 100))
def test_a_line_is_one_short_line_whatever_a_text_is_made_of(text: str, most: int):
    line = wording.line(text, most)
    assert len(line) <= most
    assert not set(line) & set("\n\r\t\x00\x1b\u202e\u2066\u200b")


@given(st.text(max_size=60))
def test_any_title_and_any_name_make_a_menu(text: str):
    now = Snapshot(
        status=status(engine={**ENGINE, "model": text}, warnings=[text]),
        models=[{"name": text, "state": "installed"}],
        results=[{"id": text, "title": text, "at": 0}],
        trouble=text,
    )
    for each in menu.as_json(menu.tree(now)):
        assert len(each["label"]) <= wording.MOST_OF_A_LINE
