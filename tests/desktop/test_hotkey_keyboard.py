"""The `keyboard` library's half of the hotkey plugin, with FIFOs for keyboards.

The library only reads events of 24 bytes and the kernel's list of devices, so that a FIFO in a mount
namespace is a whole keyboard, also where the kernel can make no virtual one. The plugin runs
there as somebody who is not root.
"""

import asyncio
import importlib.util
import json
import os
import shlex
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import missing
from desktop.conftest import needed
from desktop.hotkey_stage import PATIENCE_S

pytestmark = pytest.mark.desktop

PROGRAM = Path(__file__).with_name("hotkey_in_memory.py")
LIST, FOLDER = Path("/proc/bus/input/devices"), Path("/dev/input")
CTRL, ALT, SPACE, A, CAPS, NUM = 29, 56, 57, 30, 58, 69
RELEASED, PRESSED, REPEATED = 0, 1, 2
SETTINGS = {"popup": "Ctrl+Alt+Space", "bindings": ["Ctrl+Alt+A = skill:rewrite"], "backend": "keyboard"}
SHOW: list[Any] = ["call", "popup", "show", {}]


class Keyboard:
    """A FIFO below the folder that stands for /dev/input."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        path.chmod(0o666)
        self._file = os.open(path, os.O_RDWR)  # a writer at all times: without one it ends

    def send(self, *events: tuple[int, int]) -> None:
        for code, value in events:
            os.write(self._file, struct.pack("llHHI", 0, 0, 1, code, value))

    def press(self, *codes: int) -> None:
        """Down in order, up in the other order."""
        self.send(*((code, PRESSED) for code in codes))
        self.send(*((code, RELEASED) for code in reversed(codes)))

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._file)


class Machine:
    """Its keyboards, and the plugin running on it."""

    def __init__(self, folder: Path) -> None:
        self.inputs, self.list = folder / "input", folder / "devices"
        self.inputs.mkdir()
        self.list.touch()
        self.process: asyncio.subprocess.Process | None = None
        self.keyboards: list[Keyboard] = []

    def plug_in(self, number: int) -> Keyboard:
        with self.list.open("a") as listed:
            listed.write(f'N: Name="A keyboard"\nH: Handlers=sysrq kbd event{number} leds\n\n')
        self.keyboards.append(Keyboard(self.inputs / f"event{number}"))
        return self.keyboards[-1]

    async def start(self) -> None:
        command = shlex.join([sys.executable, str(PROGRAM), json.dumps(SETTINGS)])
        self.process = await asyncio.create_subprocess_exec(
            "unshare", "--mount", "sh", "-ec",
            f"mount --bind {self.inputs} {FOLDER}; mount --bind {self.list} {LIST}; "
            f"exec unshare --user --map-user=1000 --map-group=1000 {command}",
            stdout=subprocess.PIPE,
        )  # fmt: skip

    async def told(self) -> Any:
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        assert line, "the plugin has ended"
        return json.loads(line)

    async def until(self, state: str) -> str:
        while True:
            said = await self.told()
            if said[:2] == ["state", state]:
                return str(said[2])

    async def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.communicate()


@pytest.fixture
def _input_folder() -> Iterator[None]:
    """Something to mount upon, where the machine has no input devices."""
    if importlib.util.find_spec("keyboard") is None:
        missing("the library keyboard")
    needed("unshare")
    if os.geteuid() or not LIST.exists():
        missing("the right to make a mount namespace")
    was_there = FOLDER.is_dir()
    FOLDER.mkdir(exist_ok=True)
    yield
    if not was_there:
        FOLDER.rmdir()


@pytest.fixture
async def machine(tmp_path: Path, _input_folder: None) -> AsyncIterator[Machine]:
    made = Machine(tmp_path)
    yield made
    await made.stop()


async def test_a_chord_is_heard_from_the_input_device(machine: Machine) -> None:
    keyboard = machine.plug_in(5)
    await machine.start()
    await machine.until("running")
    keyboard.press(CTRL, ALT, SPACE)
    assert await machine.told() == SHOW
    keyboard.press(CTRL, A)
    keyboard.press(CTRL, ALT, A)
    assert await machine.told() == ["call", "popup", "show", {"skill": "rewrite"}]


async def test_sixty_fast_presses_are_sixty_and_a_held_key_is_one(machine: Machine) -> None:
    keyboard = machine.plug_in(5)
    await machine.start()
    await machine.until("running")
    for _ in range(15):
        for _ in range(4):
            keyboard.press(CTRL, ALT, SPACE)
        assert [(await machine.told())[0] for _ in range(4)] == ["call"] * 4
    keyboard.send((CTRL, PRESSED), (ALT, PRESSED), (SPACE, PRESSED), *[(SPACE, REPEATED)] * 30)
    keyboard.send((SPACE, RELEASED), (A, PRESSED))
    assert await machine.told() == SHOW
    assert (await machine.told())[3] == {"skill": "rewrite"}


async def test_lock_keys_change_nothing(machine: Machine) -> None:
    keyboard = machine.plug_in(5)
    await machine.start()
    await machine.until("running")
    keyboard.press(CAPS)
    keyboard.press(NUM)
    keyboard.press(CTRL, ALT, SPACE)
    assert await machine.told() == SHOW


async def test_without_the_right_to_read_it_says_how_to_give_it(machine: Machine) -> None:
    keyboard = machine.plug_in(5)
    keyboard.path.chmod(0)
    await machine.start()
    assert "usermod -aG input" in await machine.until("waiting")
    keyboard.path.chmod(0o666)
    await machine.until("running")
    keyboard.press(CTRL, ALT, SPACE)
    assert await machine.told() == SHOW


async def test_keyboards_come_and_go(machine: Machine) -> None:
    first = machine.plug_in(5)
    await machine.start()
    await machine.until("running")
    second = machine.plug_in(6)
    await machine.until("waiting")
    await machine.until("running")
    second.press(CTRL, ALT, SPACE)
    assert await machine.told() == SHOW
    first.unplug()
    await machine.until("waiting")
    await machine.until("running")
    second.press(CTRL, ALT, SPACE)
    assert await machine.told() == SHOW
