"""What the machine can give: figures within sane bounds, and GPUs found by their drivers."""

import os
from pathlib import Path

import psutil

from ingle.engine import machine


def test_threads_are_some_and_not_more_than_the_cpus():
    assert 1 <= machine.threads() <= len(os.sched_getaffinity(0))


def test_some_memory_is_available_and_not_more_than_there_is():
    assert 0 < machine.available_memory() <= psutil.virtual_memory().total


def test_what_a_process_holds_is_told_apart_from_the_files_that_it_maps():
    held = machine.held(os.getpid())
    assert held.own > 1_000_000
    assert held.mapped > 1_000_000
    assert held.own + held.mapped <= 2 * machine.rss(os.getpid())


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
    assert machine.held(2**22 + 1) == machine.Held()
