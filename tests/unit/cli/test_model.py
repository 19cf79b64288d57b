import msgspec
import pytest

from fakes.daemon import STATUS
from ingle.errors import BadModelFile, ModelNotFound
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus


def test_list(ingle, daemon):
    ran = ingle("model", "list")
    for part in ("*", "smollm2-135m-instruct", "resident", "tiny", "145 MB", "Q8_0", "Apache-2.0"):
        assert part in ran.out
    assert ingle("model", "list", "--json").json[0]["size_bytes"] == 144_810_528


def test_use(ingle, daemon):
    assert ingle("model", "use", "qwen").code == 0
    assert daemon.params("model.use").name == "qwen"


def test_use_of_what_is_not_here_is_5(ingle, daemon):
    daemon.answers["model.use"] = ModelNotFound("no model 'x' on this machine")
    assert ingle("model", "use", "x").code == 5


def test_inspect_shows_the_header(ingle, daemon):
    ran = ingle("model", "inspect", "smollm2-135m-instruct")
    assert "134,515,008" in ran.out
    assert f"general.name  {'x' * 99}…" in ran.out
    assert "general.name" not in ingle("model", "inspect", "smollm2-135m-instruct", "-q").out


def test_inspect_of_a_path_is_absolute_for_the_daemon(ingle, daemon, tmp_path, monkeypatch):
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    monkeypatch.chdir(tmp_path)
    ingle("model", "inspect", "m.gguf")
    assert daemon.params("model.inspect").name == str(tmp_path / "m.gguf")


@pytest.mark.parametrize(("content", "code"), [(b"not a model", 1), (None, 5)])
def test_inspect_works_without_a_daemon(ingle, tmp_path, content, code):
    path = tmp_path / "m.gguf"
    if content:
        path.write_bytes(content)
    ran = ingle("model", "inspect", str(path) if content else "nobody")
    assert ran.code == code
    assert "Traceback" not in ran.err


def test_eval(ingle, daemon):
    assert ingle("model", "eval").out.splitlines() == ["smollm2-135m-instruct: tiny", "choose  7 of 9"]
    assert ingle("model", "eval", "--json").json["result"]["tier"] == "tiny"


def test_park_says_why(ingle, daemon):
    assert ingle("model", "park", "--reason", "a game").code == 0
    assert daemon.params("model.park").reason == "a game"


def test_unload(ingle, daemon):
    assert ingle("model", "unload", "--json").json == {"ok": True}


def test_a_pull_of_an_unknown_name_is_5(ingle):
    ran = ingle("model", "pull", "xyzzy")
    assert ran.code == 5
    assert "ingle model list" in ran.err


def test_a_pull_of_what_is_no_model_keeps_nothing(ingle, tmp_path, paths):
    (tmp_path / "m.gguf").write_bytes(b"not a model")
    ran = ingle("model", "pull", f"file:{tmp_path}/m.gguf")
    assert ran.code == 1
    assert not (paths.models / "m.gguf").exists()
    assert BadModelFile.__name__ not in ran.err


def test_a_pulled_model_goes_to_a_daemon_that_has_none(ingle, daemon, monkeypatch, paths):
    _pulls(monkeypatch, paths)
    daemon.answers["daemon.status"] = msgspec.structs.replace(
        STATUS, engine=EngineStatus(state=EngineState.ABSENT)
    )
    assert ingle("model", "pull", "file:/m.gguf", "--json").json["name"] == "m"
    assert daemon.params("model.use").name == "m"


def test_a_pulled_model_does_not_push_another_one_out(at_terminal, daemon, monkeypatch, paths):
    _pulls(monkeypatch, paths)
    ran = at_terminal("model", "pull", "file:/m.gguf")
    assert "`ingle model use m` makes it the resident one" in ran.err
    assert [method for method, _ in daemon.calls] == ["daemon.status"]


def _pulls(monkeypatch, paths):
    """Have a pull succeed without a model file of some 100 MB."""
    from ingle.cli import pulling
    from ingle.models.library import InstalledModel

    model = InstalledModel(
        name="m",
        path=paths.models / "m.gguf",
        family="chatml",
        tier=None,
        is_measured=False,
        licence="MIT",
        source="file:/m.gguf",
        sha256="0" * 64,
        size_bytes=1000,
    )
    monkeypatch.setattr(pulling, "pull", lambda source, library, progress, say: model)
