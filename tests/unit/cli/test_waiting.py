import msgspec
import pytest

from fakes.daemon import STATUS
from fakes.terminal import output
from ingle.cli.waiting import Waiting, describe
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus, QueueStatus


@pytest.mark.parametrize(
    ("engine", "what"),
    [
        (EngineStatus(state=EngineState.READY), "thinking"),
        (EngineStatus(state=EngineState.STARTING, model="m"), "loading m"),
        (EngineStatus(state=EngineState.LOADING, model="m", progress=0.5), "loading m 50%"),
        (EngineStatus(state=EngineState.ABSENT), "loading the model"),
        (EngineStatus(state=EngineState.PARKED, reason="a game"), "the model is parked: a game"),
        (
            EngineStatus(state=EngineState.READY, model="a", next="b", progress=0.43),
            "loading b 43%; a answers until it is ready",
        ),
        (EngineStatus(state=EngineState.LOADING, model="a", next="b", progress=0.43), "loading b 43%"),
        (
            EngineStatus(state=EngineState.PARKED, model="a", twin="b", reason="a game"),
            "b answers while a is parked",
        ),
    ],
)
def test_the_reason_for_the_wait(engine, what):
    assert describe(msgspec.structs.replace(STATUS, engine=engine)) == what


def test_others_who_wait_are_counted():
    busy = msgspec.structs.replace(STATUS, queue=QueueStatus(interactive=3))
    assert describe(busy) == "thinking (2 more at work)"


def test_the_spinner_looks_now_and_then(daemon):
    out, _, stderr = output()
    waiting = Waiting(out, daemon.path)
    for _ in range(11):
        waiting.tick()
    assert "⠙ thinking" in stderr.getvalue()
    assert len(daemon.calls) == 2


def test_a_daemon_that_is_gone_leaves_the_spinner_as_it_is(tmp_path):
    out, _, stderr = output()
    Waiting(out, tmp_path / "nobody").tick()
    assert "⠋ waiting" in stderr.getvalue()
