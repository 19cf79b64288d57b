"""What the machine can give: figures within sane bounds, and GPUs found by their drivers."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from ingle.engine import machine
from ingle.models.gguf import Header, read_header


@pytest.fixture(scope="module")
def header(tiny_model: Path) -> Header:
    return read_header(tiny_model)


def test_threads_are_some_and_not_more_than_the_cpus():
    assert 1 <= machine.threads() <= len(os.sched_getaffinity(0))


def test_the_context_is_what_the_model_was_trained_for_or_less(header: Header):
    assert machine.n_ctx(replace(header, n_ctx_train=512)) == 512
    assert machine.n_ctx(replace(header, n_ctx_train=1_000_000)) <= machine.DEFAULT_CTX


def test_a_model_with_a_huge_cache_gets_a_small_context(header: Header):
    huge = replace(header, n_layers=100_000, n_embd=100_000, n_head=1, n_ctx_train=8192)
    assert machine.n_ctx(huge) == machine.LEAST_CTX


def test_a_gpu_is_known_by_its_driver(tmp_path: Path):
    driver = tmp_path / "sys/bus/pci/drivers/amdgpu"
    driver.mkdir(parents=True)
    device = tmp_path / "sys/class/drm/renderD128/device"
    device.mkdir(parents=True)
    assert not machine.has_gpu(tmp_path)
    (device / "driver").symlink_to(driver)
    assert machine.has_gpu(tmp_path)


def test_an_nvidia_device_node_is_a_gpu(tmp_path: Path):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidia0").touch()
    assert machine.has_gpu(tmp_path)


def test_a_process_that_is_gone_has_no_memory():
    assert machine.rss(os.getpid()) > 0
    assert machine.rss(2**22 + 1) == 0
