"""`packaging/setup --gpu`: what cannot be built is said before anything is changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
OLD_HEADER = "#define VK_HEADER_VERSION 239\n"


def setup(*options: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """With an empty cache and no system packages to install."""
    command = [sys.executable, "-I", str(ROOT / "packaging/bootstrap"), "--no-system-packages", *options]
    env = {"HOME": str(home), "PATH": f"{home}/bin:{os.defpath}", **environ}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


def stamp() -> bytes | None:
    path = ROOT / ".venv/ingle-setup.json"
    return path.read_bytes() if path.exists() else None


@pytest.fixture
def glslc(tmp_path: Path) -> Path:
    """A home with a shader compiler, or what looks like one."""
    program = tmp_path / "bin/glslc"
    program.parent.mkdir()
    program.touch(0o755)
    return tmp_path


def with_header(home: Path, text: str) -> str:
    header = home / "sdk/include/vulkan/vulkan_core.h"
    header.parent.mkdir(parents=True)
    header.write_text(text)
    return str(home / "sdk")


def test_old_vulkan_headers_are_named_with_a_way_out(glslc: Path):
    before = stamp()
    done = setup("--gpu", "vulkan", home=glslc, VULKAN_SDK=with_header(glslc, OLD_HEADER))
    assert done.returncode == 1
    assert "too old" in done.stdout
    assert "1.x.239" in done.stdout
    assert "VULKAN_SDK" in done.stdout.splitlines()[-1]
    assert stamp() == before


def test_missing_vulkan_headers_are_named_with_their_packages(glslc: Path):
    done = setup("--gpu", "vulkan", home=glslc, VULKAN_SDK=str(glslc))
    assert done.returncode == 1
    assert "vulkan_core.h" in done.stdout
    assert "libvulkan-dev" in done.stdout


@pytest.mark.parametrize(("gpu", "program"), [("cuda", "nvcc"), ("rocm", "hipcc")])
def test_a_toolkit_that_is_missing_is_named_with_what_needs_none(gpu: str, program: str):
    asks = (
        "import accelerator; accelerator.nvcc = lambda: None;"
        f"lacking = accelerator.BACKENDS[{gpu!r}].lacking(); print(lacking.message, lacking.hint)"
    )
    env = {"PATH": "", "PYTHONPATH": str(ROOT / "packaging/bootstrap")}
    done = subprocess.run(
        [sys.executable, "-c", asks], env=env, capture_output=True, text=True, check=True
    )
    assert f"there is no {program}" in done.stdout
    assert "--gpu vulkan" in done.stdout


def test_a_backend_that_nobody_knows_is_a_wrong_usage(tmp_path: Path):
    done = setup("--gpu", "abacus", home=tmp_path)
    assert done.returncode == 2
    assert "vulkan" in done.stderr
