"""How a model is fitted into a machine: what fits stays within its room, and more room is never worse."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.models import estimate as module
from ingle.models.catalog import catalog
from ingle.models.estimate import (
    VRAM_LEFT,
    Estimate,
    GpuMemory,
    Memory,
    Wish,
    estimate,
    estimate_entry,
    fit,
)
from ingle.models.footprint import Footprint, Layer
from ingle.models.gguf import read_header

MB, GB = 1 << 20, 1 << 30

SEVEN_B = Footprint(
    layers=(Layer(140 * MB, 1024, 1024),) * 32,
    first_bytes=70 * MB,
    last_bytes=100 * MB,
    shared_bytes=0,
    n_vocab=32_000,
    n_embd=4096,
    n_feed_forward=14_336,
    n_ctx_train=32_768,
)
"""A Mistral 7B at 4 bits: 4.6 GiB of weights, 128 KiB of context for a token."""


def on_gpu(free: int, total: int = 0, ram: int = 32 * GB, wish: Wish | None = None) -> Estimate:
    return fit(SEVEN_B, Memory(ram, [GpuMemory("card", free, total or free)]), wish or Wish())


def test_a_roomy_gpu_takes_all_in_full_precision() -> None:
    found = on_gpu(24 * GB)
    assert (found.n_gpu_layers, found.layers, found.kv_type, found.n_ctx) == (33, 33, "f16", 8192)
    assert found.fits
    assert found.device == "card"
    assert not found.notes
    assert found.cpu.weights == SEVEN_B.first_bytes


def test_the_cache_is_quantised_before_a_layer_leaves_the_gpu() -> None:
    found = on_gpu(int(6.7 * GB), 8 * GB)
    assert (found.n_gpu_layers, found.kv_type, found.n_ctx) == (33, "q8_0", 8192)
    assert "q8_0" in found.notes[0]


def test_a_small_gpu_takes_some_layers_and_the_cache_stays_fast_on_the_cpu() -> None:
    found = on_gpu(4 * GB, 4 * GB)
    assert 8 < found.n_gpu_layers < 33
    assert found.kv_type == "f16"
    assert "layers fit" in found.notes[0]


def test_a_full_gpu_is_left_to_the_others() -> None:
    found = on_gpu(1 * GB, 8 * GB)
    assert (found.n_gpu_layers, found.gpu.total, found.device) == (0, 0, "")
    assert "the CPU does the work" in found.notes[0]


def test_others_keep_their_room() -> None:
    for free in range(GB, 10 * GB, GB // 4):
        assert on_gpu(free, 10 * GB).gpu.total <= max(free - GB, 0)
        assert on_gpu(free, free).gpu.total <= free - VRAM_LEFT


def test_two_gpus_are_one_where_one_is_too_small() -> None:
    cards = [GpuMemory("one", 4 * GB, 4 * GB), GpuMemory("two", 5 * GB, 5 * GB)]
    found = fit(SEVEN_B, Memory(32 * GB, cards), Wish())
    assert (found.n_gpu_layers, found.device) == (33, "")
    assert "2 GPUs" in found.notes[0]


def test_a_named_gpu_is_the_one() -> None:
    cards = [GpuMemory("large", 48 * GB, 48 * GB), GpuMemory("small", 24 * GB, 24 * GB)]
    assert fit(SEVEN_B, Memory(32 * GB, cards), Wish()).device == "large"
    assert fit(SEVEN_B, Memory(32 * GB, cards), Wish(device="small")).device == "small"


def test_on_the_cpu_the_context_is_polite_and_never_quantised() -> None:
    found = fit(SEVEN_B, Memory(8 * GB), Wish())
    assert (found.kv_type, found.n_gpu_layers) == ("f16", 0)
    assert found.fits
    assert found.n_ctx == 8192
    less = fit(SEVEN_B, Memory(6 * GB), Wish())
    assert less.fits
    assert less.n_ctx < 8192
    assert "instead of 8,192" in less.notes[0]


def test_what_does_not_fit_says_how_much_is_missing() -> None:
    found = fit(SEVEN_B, Memory(3 * GB), Wish())
    assert not found.fits
    assert found.n_ctx == 1024
    assert found.notes == ("it needs 5.2 GB of memory and may take 2.7 GB, which leaves others theirs",)


@pytest.mark.parametrize("n_ctx", [1, 300, 1_000_000])
def test_a_wish_is_kept_whether_it_fits_or_not(n_ctx: int) -> None:
    found = on_gpu(6 * GB, wish=Wish(n_ctx=n_ctx, kv_type="q4_0", gpu_layers=12))
    assert found.n_ctx == -(-n_ctx // 256) * 256
    assert (found.kv_type, found.n_gpu_layers) == ("q4_0", 12)
    assert found.fits == (n_ctx < 1_000_000)


def test_a_cache_whose_heads_are_no_whole_blocks_stays_in_f16() -> None:
    odd = replace(SEVEN_B, head_sizes=(80, 80))
    memory = Memory(32 * GB, [GpuMemory("card", int(6.7 * GB), 8 * GB)])
    assert fit(odd, memory, Wish()).kv_type == "f16"
    wished = fit(odd, memory, Wish(kv_type="q8_0"))
    assert wished.kv_type == "f16"
    assert "cannot be kept as q8_0" in wished.notes[0]


def test_a_file_and_the_catalog_are_estimated(tiny_model: Path) -> None:
    found = estimate(read_header(tiny_model), Memory(4 * GB))
    assert (found.n_ctx, found.layers, found.is_rough) == (2048, 3, False)
    assert found.kv_bytes == 2048 * 2 * 2 * 2 * 16 * 2  # tokens, k and v, layers, heads, size, f16
    for entry in catalog().values():
        rough = estimate_entry(entry, Memory(64 * GB))
        assert rough.is_rough, entry.name
        assert rough.fits, entry.name
        assert rough.weights_bytes == pytest.approx(entry.size_mb * 1e6, rel=0.01)


sizes = st.integers(0, 40 * GB)
cards = st.lists(
    st.tuples(sizes, sizes).map(lambda pair: GpuMemory("card", min(pair), max(pair))), max_size=3
)
models = st.builds(
    lambda layers, weights, rows, first, last: replace(
        SEVEN_B,
        layers=(Layer(weights, rows * 32, rows * 32),) * layers,
        first_bytes=first,
        last_bytes=last,
    ),
    st.integers(0, 80), st.integers(0, GB), st.integers(0, 64), st.integers(0, GB), st.integers(0, GB),
)  # fmt: skip
wishes = st.builds(
    Wish,
    n_ctx=st.sampled_from([0, 1, 2048, 100_000]),
    kv_type=st.sampled_from([None, "f16", "q8_0", "q4_0"]),
    gpu_layers=st.integers(-1, 90),
    sequences=st.integers(1, 64),
)


@given(models, sizes, cards, wishes)
def test_what_fits_is_within_its_room(
    model: Footprint, ram: int, gpus: list[GpuMemory], wish: Wish
) -> None:
    found = fit(model, Memory(ram, gpus), wish)
    assert 0 <= found.n_gpu_layers <= found.layers == len(model.layers) + 1
    assert found.n_ctx % 256 == 0
    assert found.n_ctx > 0
    assert found.weights_bytes in (model.weights_bytes, model.weights_bytes + model.shared_bytes)
    if found.fits:
        assert found.cpu.total <= ram - module.RAM_LEFT
        assert found.gpu.total <= sum(gpu.free for gpu in gpus)
    else:
        assert found.notes


@given(models, sizes, sizes, sizes)
def test_more_room_is_never_worse(model: Footprint, ram: int, free: int, more: int) -> None:
    def found(free: int) -> Estimate:
        return fit(model, Memory(ram, [GpuMemory("card", free, 40 * GB)]), Wish())

    less, most = found(free), found(min(free + more, 40 * GB))
    assert most.fits >= less.fits
    assert most.n_gpu_layers >= less.n_gpu_layers
