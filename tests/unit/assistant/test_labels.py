"""Labels: probabilities that add up, against what the model prefers anyway."""

import pytest

from fakes.toy_engine import ToyEngine, toy_model
from ingle.assistant.labels import NO_CONTENT, probabilities, softmax
from ingle.assistant.reading import whole
from ingle.assistant.turn import DATA, Turn

TEXT = "This bill is due."


async def test_the_label_that_fits_the_text_is_the_most_probable() -> None:
    turn = Turn(ToyEngine(), toy_model(), "normal")
    found = await probabilities(turn, f"{DATA} Kind?", TEXT, whole(TEXT, ()), ["joke", "bill"])
    assert found["bill"] > found["joke"]
    assert sum(found.values()) == pytest.approx(1.0)


async def test_what_the_model_prefers_anyway_does_not_count() -> None:
    engine = ToyEngine()
    turn = Turn(engine, toy_model(), "normal")
    found = await probabilities(
        turn, f"{DATA} A joke?", "Nothing.", whole("Nothing.", ()), ["joke", "bill"]
    )
    assert found["joke"] == pytest.approx(found["bill"])
    assert any(span.text == NO_CONTENT for span in engine.scored[0].spans)


def test_softmax_bears_any_likelihood() -> None:
    assert softmax([-5000.0, -5000.0]) == [0.5, 0.5]
    assert softmax([0.0, -5000.0]) == [1.0, 0.0]
