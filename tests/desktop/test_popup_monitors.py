"""The popup with two monitors: it stands at the pointer, whole on the monitor that the pointer is on."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from Xlib import display
from Xlib.ext import randr
from Xlib.protocol import rq

from desktop.conftest import XServer, needed
from desktop.popup_stage import Place, Stage, place_of, point, stage
from desktop.selection_stage import Look

pytestmark = pytest.mark.desktop

BESIDE, MARGIN = 8, 12
Corner = Callable[[Place], tuple[int, int]]
"""Where its upper left corner belongs, which may depend on its size."""
TEXT = "I has a cat and dog."


@dataclass(frozen=True)
class Monitor:
    """Where a monitor is on the screen, in pixels."""

    name: str
    x: int
    y: int
    width: int
    height: int

    @property
    def end(self) -> tuple[int, int]:
        """Where a window with its margin has to end."""
        return self.x + self.width - MARGIN, self.y + self.height - MARGIN


LEFT = Monitor("left", 0, 0, 1300, 1000)
RIGHT = Monitor("right", 1300, 100, 1200, 800)


class SetMonitor(rq.Request):
    """RRSetMonitor; the one in python-xlib cannot be packed."""

    _request = rq.Struct(
        rq.Card8("opcode"), rq.Opcode(43), rq.RequestLength(), rq.Window("window"),
        rq.Card32("name"), rq.Bool("primary"), rq.Bool("automatic"), rq.LengthOf("outputs", 2),
        rq.Int16("x"), rq.Int16("y"), rq.Card16("width"), rq.Card16("height"),
        rq.Card32("width_mm"), rq.Card32("height_mm"), rq.List("outputs", rq.Card32Obj),
    )  # fmt: skip


class TwoMonitors(XServer):
    """GTK counts only monitors with an output of their own, and a screen of Xvfb has one. A second
    screen, on which nothing is shown, lends its own to the first."""

    def start(self) -> None:
        size = f"{RIGHT.x + RIGHT.width}x{LEFT.height}x24"
        self._process = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", size, "-screen", "1", "64x64x24",
             "-nolisten", "tcp", "-noreset"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.number = self._process.stdout.readline().strip()
        assert self.number, "Xvfb did not start"
        self._divide()

    def _divide(self) -> None:
        connection = display.Display(f":{self.number}")
        for number, monitor in enumerate((LEFT, RIGHT)):
            output = connection.screen(number).root.xrandr_get_screen_resources().outputs[0]
            SetMonitor(
                display=connection.display, opcode=connection.display.get_extension_major(randr.extname),
                window=connection.screen(0).root, name=connection.intern_atom(monitor.name),
                primary=monitor is LEFT, automatic=False, outputs=[output],
                x=monitor.x, y=monitor.y, width=monitor.width, height=monitor.height,
                width_mm=monitor.width // 4, height_mm=monitor.height // 4,
            )  # fmt: skip
        connection.sync()
        connection.close()


@pytest.fixture
def x_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[XServer]:
    needed("Xvfb")
    server = TwoMonitors()
    server.start()
    monkeypatch.setenv("DISPLAY", f":{server.number}.0")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("XAUTHORITY", raising=False)
    yield server
    server.kill()


@pytest.fixture
async def popup(x_server: XServer, session_bus: str, private_dirs: Path) -> AsyncIterator[Stage]:
    async with stage(x_server, private_dirs, width=60) as made:
        yield made


def until_at(x: XServer, corner: Corner) -> Place:
    """Its place once it stands where it shall."""
    seen: list[Place | None] = []

    def is_there() -> Place | None:
        seen.append(place := place_of(x))
        return place if place and (place.left, place.top) == corner(place) else None

    with Look() as look:
        try:
            return look.until(is_there)  # type: ignore[no-any-return]
        except TimeoutError:
            there = seen[-1]
            raise AssertionError(f"it is at {there}, not at {there and corner(there)}") from None


def is_whole_on(monitor: Monitor, place: Place) -> bool:
    return (
        monitor.x + MARGIN <= place.left
        and monitor.y + MARGIN <= place.top
        and place.left + place.width <= monitor.end[0]
        and place.top + place.height <= monitor.end[1]
    )


def pointers_and_corners() -> Iterator[tuple[Monitor, tuple[int, int], Corner]]:
    """On both monitors in turn: with room, at each edge, in corners. Beyond the left edge of the right
    monitor, and the right edge of the left one, the other one begins."""
    for monitor in (RIGHT, LEFT):
        last_x, last_y = monitor.x + monitor.width - 1, monitor.y + monitor.height - 1
        room_x, room_y = monitor.x + 200, monitor.y + 150
        first = (monitor.x + MARGIN, monitor.y + MARGIN)
        beside = (room_x + BESIDE, room_y + BESIDE)
        low = last_y - 60
        yield monitor, (room_x, room_y), lambda _, at=beside: at
        yield monitor, (monitor.x, monitor.y), lambda _, at=first: at
        yield monitor, (monitor.x, room_y), lambda _, at=(first[0], beside[1]): at
        yield monitor, (last_x, room_y), partial(_at_right_edge, monitor, beside[1])
        yield monitor, (room_x, low), lambda place, y=low, x=beside[0]: (x, y - BESIDE - place.height)
        yield monitor, (last_x, last_y), partial(_in_last_corner, monitor)


def _at_right_edge(monitor: Monitor, top: int, place: Place) -> tuple[int, int]:
    return monitor.end[0] - place.width, top


def _in_last_corner(monitor: Monitor, place: Place) -> tuple[int, int]:
    return monitor.end[0] - place.width, monitor.end[1] - place.height


async def test_it_opens_at_the_pointer_on_the_monitor_of_the_pointer(popup: Stage) -> None:
    for monitor, pointer, corner in pointers_and_corners():
        await asyncio.to_thread(point, popup.x, pointer)
        await popup.show(text=TEXT)
        place = await asyncio.to_thread(until_at, popup.x, corner)
        assert is_whole_on(monitor, place), (monitor, pointer, place)
        await popup.popup("hide")
        await popup.reader.gone("text", "Prompt")


async def test_it_grows_with_the_answer_and_stays_on_its_monitor(popup: Stage) -> None:
    """At the lower edge it goes upwards, and never over to the other monitor."""
    await asyncio.to_thread(point, popup.x, (RIGHT.x, RIGHT.y + RIGHT.height - 1))
    await popup.show(text=TEXT)
    first = await asyncio.to_thread(until_at, popup.x, _in_lower_left)
    popup.keys("fix")
    popup.key("Return")
    popup.answers.say("A line of the answer.\n" * 40)
    popup.answers.end()
    await popup.reader.wait("push button", "Copy")
    grown = await asyncio.to_thread(until_at, popup.x, partial(_in_lower_left, above=first.top))
    assert grown.height > first.height


def _in_lower_left(place: Place, above: int | None = None) -> tuple[int, int]:
    """`above` where it has to have moved upwards from there."""
    top = RIGHT.end[1] - place.height
    return RIGHT.x + MARGIN, top if above is None else min(top, above - 1)
