"""How a model is loaded: what the estimate and the configuration make of the memory there is."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.config import EngineConfig
from ingle.engine import fitting
from ingle.engine.fitting import Rung
from ingle.engine.machine import Held
from ingle.engine.protocol import Device, LoadParams
from ingle.errors import NotEnoughMemory
from ingle.models.estimate import GpuMemory, Memory
from ingle.models.gguf import Header, read_header

MIB, GIB = 1 << 20, 1 << 30
BASE = LoadParams(path="m.gguf", n_ctx=0, slots=4, threads=2, gpu_layers=0)
ROOMY = Memory(16 * GIB, [GpuMemory("CUDA0", 10 * GIB, 12 * GIB)])
CPU_ONLY = Memory(16 * GIB)


@pytest.fixture(scope="module")
def header(tiny_model: Path) -> Header:
    return read_header(tiny_model)


@pytest.fixture(scope="module")
def large(header: Header) -> Header:
    """A model of some 8 GB, in 32 layers."""
    one = next(tensor for tensor in header.tensors if tensor.name.startswith("blk.0."))
    tensors = [replace(one, name=f"blk.{n}.ffn_up.weight", size=250 * MIB) for n in range(32)]
    return replace(header, n_layers=32, tensors=tuple(tensors), n_embd=4096, n_head=32, n_head_kv=8)


def test_all_goes_onto_a_roomy_gpu_that_is_named(header: Header):
    found = fitting.fitting(header, BASE, EngineConfig(), ROOMY)
    assert (found.params.gpu_layers, found.params.device) == (header.n_layers + 1, "CUDA0")
    assert found.params.kv_type == "f16"
    assert found.warnings == found.notes == ()
    assert found.can_fall


def test_without_a_gpu_nothing_is_said_about_one(header: Header):
    found = fitting.fitting(header, BASE, EngineConfig(), CPU_ONLY)
    assert (found.params.gpu_layers, found.params.device) == (0, "")
    assert found.warnings == ()


def test_what_a_person_set_is_kept(header: Header):
    config = EngineConfig(n_ctx=512, gpu_layers=1, kv_type="f16", flash="on")
    params = fitting.fitting(header, BASE, config, ROOMY).params
    assert (params.n_ctx, params.gpu_layers, params.kv_type, params.flash) == (512, 1, "f16", "on")


def test_a_part_that_fits_is_a_note_and_none_is_a_warning(large: Header):
    part = Memory(32 * GIB, [GpuMemory("CUDA0", 5 * GIB, 6 * GIB)])
    found = fitting.fitting(large, BASE, EngineConfig(), part)
    assert 0 < found.params.gpu_layers < 33
    assert (len(found.notes), found.warnings) == (1, ())
    none = Memory(32 * GIB, [GpuMemory("CUDA0", 600 * MIB, 6 * GIB)])
    found = fitting.fitting(large, BASE, EngineConfig(), none)
    assert found.params.gpu_layers == 0
    assert any("CPU" in warning for warning in found.warnings)


def test_without_flash_attention_the_context_is_not_quantised(large: Header):
    part = Memory(32 * GIB, [GpuMemory("CUDA0", 10 * GIB, 12 * GIB)])
    found = fitting.fitting(large, BASE, EngineConfig(flash="off"), part)
    assert (found.params.kv_type, found.params.flash) == ("f16", "off")


def test_a_type_that_cannot_hold_the_context_is_told(header: Header):
    found = fitting.fitting(header, BASE, EngineConfig(kv_type="q4_0"), CPU_ONLY)
    assert found.params.kv_type == "f16"
    assert any("q4_0" in warning for warning in found.warnings)


def test_a_gpu_that_is_not_there_is_told_and_another_one_taken(header: Header):
    found = fitting.fitting(header, BASE, EngineConfig(device="CUDA7"), ROOMY)
    assert found.params.device == "CUDA0"
    assert found.warnings == ("engine.device names the GPU 'CUDA7', and there is CUDA0",)


def test_what_cannot_fit_by_far_is_refused_with_figures(large: Header):
    with pytest.raises(NotEnoughMemory, match="GB of memory"):
        fitting.fitting(large, BASE, EngineConfig(), Memory(2 * GIB))


def test_what_leaves_others_too_little_is_tried_and_told(large: Header):
    found = fitting.fitting(large, BASE, EngineConfig(), Memory(9 * GIB))
    assert found.params.n_ctx >= 1024
    assert any("leaves others" in warning for warning in found.warnings)


@given(
    st.integers(0, 64 * GIB),
    st.integers(0, 24 * GIB),
    st.sampled_from([-1, 0, 2]),
    st.sampled_from(list(Rung)),
)
def test_each_rung_takes_less_and_the_last_one_ends_the_ladder(
    large: Header, ram: int, free: int, layers: int, rung: Rung
):
    config = EngineConfig(gpu_layers=layers)
    memory = Memory(ram, [GpuMemory("CUDA0", min(free, 24 * GIB), 24 * GIB)])
    try:
        found = fitting.fitting(large, BASE, config, memory, rung)
        first = fitting.fitting(large, BASE, config, memory)
    except NotEnoughMemory:
        return
    if rung is Rung.CPU:
        assert found.params.gpu_layers == 0
        assert not found.can_fall
    if rung is Rung.HALVED:
        assert found.params.n_ctx == first.params.n_ctx // 2
        assert found.params.gpu_layers == first.params.gpu_layers // 2
        assert found.can_fall == (found.params.gpu_layers > 0)
    assert bool(rung) <= bool(found.warnings)


def test_only_gpus_whose_memory_is_known_are_counted_with():
    devices = [
        Device(name="CUDA0", description="A", kind="gpu"),
        Device(name="CUDA1", description="B", kind="gpu", free_bytes=5, total_bytes=9),
        Device(name="Vulkan0", description="C", kind="igpu", free_bytes=7, total_bytes=9),
        Device(name="CPU", description="D", kind="cpu", free_bytes=7, total_bytes=9),
    ]
    assert fitting.memory(devices).gpus == [GpuMemory("CUDA1", 5, 9)]
    assert fitting.memory(devices[2:]).gpus == [GpuMemory("Vulkan0", 7, 9)]


def test_a_model_has_room_beside_another_or_only_in_its_place(large: Header):
    gpu = Device(name="CUDA0", description="A", kind="gpu", free_bytes=3 * GIB, total_bytes=12 * GIB)
    config = EngineConfig()
    beside, alone = fitting.both_ways([gpu], Held(), 9 * GIB)
    assert not fitting.is_as_good(large, config, beside, alone)
    beside, alone = fitting.both_ways([gpu], Held(), 0)
    assert beside == alone


def test_mapped_files_of_the_other_are_not_there_for_the_taking():
    beside, alone = fitting.both_ways([], Held(own=1 * MIB, mapped=50 * MIB), 0)
    assert alone.ram_available - beside.ram_available == 51 * MIB
