"""One word for the whole, from the parts."""

import pytest

from ingle.server.methods.daemon import state_of
from ingle.vocabulary import EngineState
from ingle.wire.calls.daemon import EngineStatus


@pytest.mark.parametrize(
    ("engine", "warnings", "paused", "word"),
    [
        (EngineState.READY, [], False, "ready"),
        (EngineState.PARKED, [], False, "ready"),
        (EngineState.LOADING, [], False, "starting"),
        (EngineState.FAILED, [], False, "degraded"),
        (EngineState.ABSENT, [], False, "degraded"),
        (EngineState.READY, ["a CPU-only build beside a GPU"], False, "degraded"),
        (EngineState.FAILED, ["x"], True, "paused"),
    ],
)
def test_the_worst_that_a_person_should_know_is_said(
    engine: EngineState, warnings: list[str], paused: bool, word: str
) -> None:
    assert state_of(EngineStatus(state=engine), warnings, paused) == word
