"""The program that tells the devices: its answer, and what is said where it cannot be had."""

import pytest

from ingle.engine import probe
from ingle.errors import EngineUnavailable


def test_the_processor_is_always_among_the_devices():
    pytest.importorskip("llama_cpp")
    found = probe.devices()
    assert "cpu" in {device.kind for device in found.devices}
    assert found.build.startswith("llama.cpp")


def test_a_build_that_cannot_be_loaded_is_told_with_the_next_step():
    with pytest.raises(EngineUnavailable, match="No module named") as caught:
        probe.devices("ingle.nowhere")
    assert "packaging/setup" in caught.value.hint
