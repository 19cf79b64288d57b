"""An adapter by its name: what a request may say, and what the engine is told."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fakes import tiny_adapter, tiny_gguf
from fakes.toy_engine import ToyEngine
from ingle.assistant.adapting import adapter_of, named
from ingle.assistant.assistant import Assistant
from ingle.assistant.skills import SkillSet
from ingle.context.items import Memory
from ingle.engine.protocol import AdapterRef
from ingle.errors import BadModelFile, InvalidParams, NotFound
from ingle.models.library import Library
from ingle.wire.calls.assistant import AdapterChoice, AskParams, GenerateParams, SkillRunParams


@pytest.fixture
def library(tmp_path: Path) -> Library:
    tiny_adapter.build(tmp_path / "poet.gguf")
    tiny_gguf.build(tmp_path / "hearth.gguf")
    return Library(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("poet", ("poet", 1.0)),
        ("poet:0.5", ("poet", 0.5)),
        ("poet:2", ("poet", 2.0)),
        ("poet:v2", ("poet:v2", 1.0)),
        ("poet:", ("poet:", 1.0)),
        ("a:b:0.25", ("a:b", 0.25)),
        (AdapterChoice("poet"), ("poet", 1.0)),
        (AdapterChoice("poet", 0.25), ("poet", 0.25)),
    ],
)
def test_what_stands_behind_the_last_colon_is_a_strength_if_it_is_a_number(
    wanted: str | AdapterChoice, meant: tuple[str, float]
) -> None:
    assert named(wanted) == meant


async def test_the_engine_is_told_the_file(library: Library, tmp_path: Path) -> None:
    found = await adapter_of(library, "poet:0.5")
    assert found == AdapterRef(str(tmp_path / "poet.gguf"), "", 0.5)
    assert await adapter_of(library, None) is None


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ("nobody", NotFound),
        ("../poet", NotFound),
        ("hearth", NotFound),
        ("x" * 300, NotFound),
        ("\0", NotFound),
        ("poet:nan", InvalidParams),
        ("poet:inf", InvalidParams),
        ("poet:-1", InvalidParams),
        ("poet:4.01", InvalidParams),
        ("poet:1e400", InvalidParams),
    ],
)
async def test_what_cannot_be_is_refused(library: Library, wanted: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await adapter_of(library, wanted)


async def test_a_file_that_was_cut_is_named(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "poet.gguf"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadModelFile, match="poet"):
        await adapter_of(library, "poet")


@pytest.mark.parametrize(
    "adapter",
    [5, "", {}, {"name": "poet", "scale": -1}, {"name": "poet", "scale": 5}, {"name": "poet", "x": 1},
     {"name": "", "scale": 1}, {"name": "poet", "scale": "1"}, ["poet"]],
)  # fmt: skip
def test_the_wire_refuses_other_shapes(adapter: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"prompt": "x", "adapter": adapter}, GenerateParams)


async def test_everything_that_a_request_asks_of_the_engine_goes_through_its_adapter(
    library: Library,
) -> None:
    engine = ToyEngine(tier="small")
    front = Assistant(engine, library, Memory(10, 60), SkillSet.load())
    text = "Paul cannot come. The meeting is in room 7. Bring the budget. " * 9
    await front.generate(GenerateParams(prompt="Hi", adapter="poet"), print)
    await front.ask(AskParams(question="Where?", text=text, adapter="poet"), print)
    await front.run_skill(SkillRunParams(skill="title", text=text, adapter="poet"), print)
    await front.run_skill(SkillRunParams(skill="summarize", text=text, adapter="poet"), print)
    asked = [*engine.generated, *engine.scored]
    assert len(asked) > 3
    assert engine.scored
    assert all(params.adapter and Path(params.adapter.path).stem == "poet" for params in asked)
    await front.generate(GenerateParams(prompt="Hi"), print)
    assert engine.generated[-1].adapter is None
