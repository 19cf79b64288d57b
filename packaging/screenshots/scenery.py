"""The desktop on which a scene is played, and the camera.

It is the stage of the desktop tests with a compositor, a background and a font that people have;
the model's answers are canned (`desktop.popup_stage.ScriptedAnswers`): the embedded model is too
small to write the ones that are worth a picture, and two runs give the same picture.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

from PIL import Image, ImageGrab

from desktop.conftest import XServer
from desktop.popup_stage import Stage, dpi_of, place_of, point, stage

FONT = "Cantarell 11"
DPI = 120
BACKGROUND = "#5b6b73"
AROUND = 26
"""Pixels of desktop around what is shown."""
DRAWN_S = 0.4
"""For the compositor to draw what is there: nothing tells when it has."""


@contextmanager
def desktop(dpi: int = DPI) -> Iterator[tuple[XServer, Path]]:
    """An X server, a session bus and private directories, in the environment of this process."""
    before = dict(os.environ)
    root = Path(tempfile.mkdtemp(prefix="ingle-", dir="/tmp"))
    server = XServer()
    server.start()
    bus = _session_bus(root)
    os.environ |= {
        "DISPLAY": f":{server.number}", "HOME": str(root),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={root}/bus",
        **{f"XDG_{name}": str(_made(root, name)) for name in (
            "CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR",
        )},
    }  # fmt: skip
    for name in ("WAYLAND_DISPLAY", "XAUTHORITY"):
        os.environ.pop(name, None)
    _choose_font(root)
    started = [bus]
    try:
        with dpi_of(server, dpi):
            started += _decorate()
            yield server, root
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
        server.kill()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(root, ignore_errors=True)


def _made(root: Path, name: str) -> Path:
    folder = root / name.lower()
    folder.mkdir(mode=0o700)
    return folder


def _session_bus(root: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
         f"--address=unix:path={root}/bus"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "XDG_DATA_DIRS": "/nonexistent"},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _choose_font(root: Path) -> None:
    folder = root / "config_home/gtk-3.0"
    folder.mkdir()
    lines = ["[Settings]", f"gtk-font-name={FONT}", "gtk-xft-antialias=1", "gtk-xft-hinting=1"]
    lines += ["gtk-xft-hintstyle=hintslight", "gtk-cursor-blink=0"]
    (folder / "settings.ini").write_text("\n".join(lines) + "\n")


def _decorate() -> list["subprocess.Popen[bytes]"]:
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with suppress(FileNotFoundError):
        subprocess.run(["xsetroot", "-solid", BACKGROUND], check=False, **quiet)
    with suppress(FileNotFoundError):
        return [subprocess.Popen(["picom", "--backend", "xrender", "--config", "/dev/null"], **quiet)]
    return []


@asynccontextmanager
async def popup(
    dpi: int = DPI, pointer: tuple[int, int] = (60, 60), **settings: Any
) -> AsyncIterator[Stage]:
    """The popup, hidden, on such a desktop."""
    with desktop(dpi) as (server, root):
        point(server, pointer)
        await asyncio.sleep(DRAWN_S)  # for the compositor: GTK asks once whether there is one
        async with stage(server, root, **settings) as made:
            yield made


async def process(stack: AsyncExitStack, *command: str, ends: bool = False) -> None:
    """A program for as long as the stack; with `ends` it is waited for."""
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = await asyncio.create_subprocess_exec(*command, **quiet)
    if ends:
        await started.wait()
        return
    stack.push_async_callback(started.wait)
    stack.callback(started.kill)


async def picture(made: Stage) -> Image.Image:
    """The popup with a little of the desktop around it."""
    await asyncio.sleep(DRAWN_S)
    window = await asyncio.to_thread(place_of, made.x)
    whole = await asyncio.to_thread(ImageGrab.grab, xdisplay=f":{made.x.number}")
    if window is None:
        return whole
    return whole.crop(
        (max(0, window.left - AROUND), max(0, window.top - AROUND),
         min(whole.width, window.left + window.width + AROUND),
         min(whole.height, window.top + window.height + AROUND))
    )  # fmt: skip
