from pathlib import Path

import msgspec
import pytest

from fakes import tiny_adapter
from fakes.daemon import STATUS
from fakes.terminal import Terminal
from ingle.errors import BadModelFile, InvalidParams, ModelNotFound
from ingle.models.estimate import Memory
from ingle.models.figures import Loss
from ingle.models.library import Library
from ingle.models.requantizing import Comparison
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus
from ingle.wire.calls.model import Figures, ModelEstimateParams, Trial


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


def test_inspect_shows_what_was_measured_at_import(ingle, daemon):
    ran = ingle("model", "inspect", "smollm2-135m-instruct")
    for part in ("Q4_1", "98 MB", "not measured", "119 tokens/s", "36 tokens/s", "Q8_0 is kept"):
        assert part in ran.out


def test_inspect_finds_what_was_measured_without_a_daemon(ingle, paths, tiny_model):
    ingle("model", "add", str(tiny_model), "--as-is", "-q")
    library = Library(paths.models)
    story = library.story("tiny")
    story.trial = Trial(kept="F16", reason="nothing is faster", tried=[])
    library.record("tiny", story)
    assert ingle("model", "inspect", "tiny", "--json").json["trial"]["reason"] == "nothing is faster"
    assert ingle("model", "inspect", str(tiny_model), "--json").json["trial"] is None


def test_an_estimate_says_what_is_needed_and_what_is_there(ingle, daemon):
    ran = ingle("model", "estimate", "qwen3-4b", "--ctx", "8192", "--kv", "q8_0")
    assert daemon.params("model.estimate") == ModelEstimateParams(
        name="qwen3-4b", n_ctx=8192, kv_type="q8_0"
    )
    for part in (
        "qwen3-4b: fits",
        "8,192 tokens, kept as q8_0",
        "about 1.5 GB (1.0 GB weights, 300 MB context, 200 MB to compute), 8.0 GB are available",
        "20 of 37 layers on CUDA0, about 2.2 GB",
        "3.0 GB of 4.0 GB are free",
        "20 of 37 layers fit onto the GPU beside other programs",
    ):
        assert part in ran.out
    assert ingle("model", "estimate", "x", "--json").json["n_gpu_layers"] == 20


@pytest.mark.parametrize("option", [("--ctx", "0"), ("--ctx", "-5"), ("--ctx", "9223372036854775808")])
def test_an_impossible_context_is_2(ingle, daemon, option):
    daemon.answers["model.estimate"] = InvalidParams("n_ctx is out of range")
    assert ingle("model", "estimate", "x", *option).code == 2


def test_an_estimate_works_without_a_daemon(ingle, tiny_model, monkeypatch):
    monkeypatch.setattr("ingle.cli.estimating.memory_here", lambda: Memory(8 << 30))
    ran = ingle("model", "estimate", str(tiny_model), "--json")
    assert (ran.json["n_ctx"], ran.json["fits"], ran.json["is_rough"]) == (2048, True, False)
    assert ingle("model", "estimate", "qwen3-4b", "--json").json["is_rough"]
    assert ingle("model", "estimate", "nobody").code == 5
    assert ingle("model", "estimate", "qwen3-4b", "--ctx", "0").code == 2


def test_a_file_is_added_and_known(ingle, tiny_model, paths):
    ran = ingle("model", "add", str(tiny_model), "--name", "mine", "--as-is", "--json")
    assert (ran.json["name"], ran.json["kind"]) == ("mine", "model")
    assert (paths.models / "mine.gguf").read_bytes() == tiny_model.read_bytes()


def test_an_adapter_is_added_as_one(ingle, tmp_path, paths):
    path = tiny_adapter.build(tmp_path / "poet.gguf")
    assert ingle("model", "add", str(path), "--json").json["kind"] == "adapter"
    assert Library(paths.models).find_adapter("poet").architecture == "llama"


def test_a_link_says_its_risk(at_terminal, tiny_model, paths):
    ran = at_terminal("model", "add", str(tiny_model), "--link")
    assert ran.code == 0
    assert "if it is changed" in " ".join(ran.err.split())
    assert (paths.models / "tiny.gguf").is_symlink()


@pytest.mark.parametrize(("name", "code"), [("../x", 2), ("", 5), ("a b", 2)])
def test_what_cannot_be_added_is_told(ingle, tiny_model, paths, name, code):
    path = str(tiny_model) if name else "/nowhere.gguf"
    ran = ingle("model", "add", path, "--name", name)
    assert ran.code == code
    assert not paths.models.exists() or not list(paths.models.glob("*.gguf"))


def test_verify_finds_what_changed(ingle, tiny_model, paths):
    for name in ("good", "bad"):
        ingle("model", "add", str(tiny_model), "--name", name, "--as-is")
    bad = paths.models / "bad.gguf"
    bad.write_bytes(bad.read_bytes()[:-1] + b"?")
    ran = ingle("model", "verify")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "bad: changed, its sha256 is another one now",
        "good: good, sha256 as it was when it came",
    ]
    assert ingle("model", "verify", "good").code == 0
    assert [one["state"] for one in ingle("model", "verify", "--json").json] == ["changed", "good"]
    assert ingle("model", "verify", "nobody").code == 5


def test_a_removal_wants_a_yes(ingle, tiny_model, paths, monkeypatch):
    ingle("model", "add", str(tiny_model), "--as-is")
    assert ingle("model", "remove", "tiny").code == 2
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda question: "n")
    assert ingle("model", "remove", "tiny").code == 130
    assert (paths.models / "tiny.gguf").exists()
    monkeypatch.setattr("builtins.input", lambda question: "y")
    ran = ingle("model", "remove", "tiny")
    assert "free again" in ran.out
    assert list(paths.models.iterdir()) == []
    assert ingle("model", "remove", "tiny", "--yes").code == 5


def test_a_loaded_model_is_not_removed(ingle, daemon, tiny_model, paths):
    ingle("model", "add", str(tiny_model), "--name", STATUS.engine.model, "--as-is")
    ran = ingle("model", "remove", STATUS.engine.model, "--yes")
    assert ran.code == 4
    assert "ingle model unload" in ran.err
    ingle("model", "add", str(tiny_model), "--as-is")
    assert ingle("model", "remove", "tiny", "--yes", "--json").json["name"] == "tiny"


def test_an_unknown_type_of_weights_is_2(ingle, tiny_model):
    ran = ingle("model", "quantize", str(tiny_model), "Q9_9")
    assert ran.code == 2
    assert "Q4_K_M" in ran.err


def test_a_quantised_model_is_compared_with_what_it_was(ingle, tiny_model, monkeypatch):
    figures = Figures(
        quantization="F16", size_bytes=2_000_000, prefill_tps=100, decode_tps=50, perplexity=30.0
    )
    after = msgspec.structs.replace(figures, quantization="Q8_0", size_bytes=1_000_000, perplexity=30.3)
    made = Comparison("tiny-q8_0", Path("/m/tiny-q8_0.gguf"), figures, after, Loss(0.01, 0.004))
    asked = []
    monkeypatch.setattr("ingle.cli.requantizing.requantize", lambda *given: asked.append(given) or made)
    ran = ingle("model", "quantize", str(tiny_model), "q8_0")
    assert asked[0][1:3] == ("Q8_0", "tiny-q8_0")
    assert ran.out.splitlines() == [
        "F16   2.0 MB  30.00  100 tokens/s  50 tokens/s",
        "Q8_0  1.0 MB  30.30  100 tokens/s  50 tokens/s",
        "perplexity +1.0% (± 0.4%: the text is short)",
        "tiny-q8_0: /m/tiny-q8_0.gguf",
    ]
    found = ingle("model", "quantize", str(tiny_model), "q8_0", "--json").json
    assert (found["before"]["perplexity"], found["after"]["perplexity"]) == (30.0, 30.3)


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
    monkeypatch.setattr(pulling, "pull", lambda source, library, teller, as_is: model)
