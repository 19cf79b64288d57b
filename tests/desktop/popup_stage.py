"""A desktop for the popup: X server, window manager, accessibility bus, the plugin in its real host
process, and a daemon whose answers a test holds in its hands."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from Xlib import X, Xatom, display, error

from conftest import missing
from desktop.conftest import PLUGINS, XServer
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, plugin_daemon
from ingle.rpc.dispatcher import Call
from ingle.vocabulary import Coverage

A11Y_BUS = Path("/usr/libexec/at-spi-bus-launcher")
READER = Path(__file__).with_name("screen_reader.py")

TAKEN = {
    "id": "7", "source": "primary", "text": "I has a cat and dog.", "program": "Mousepad",
    "can_replace": True, "why_not": None,
}  # fmt: skip
SKILLS = [
    {"name": "rewrite", "summary": "The same text in another tone", "needs": "small",
     "args": {"tone": "polite ..."}, "available": True, "strategy": "generative", "required": []},
    {"name": "fix", "summary": "Spelling and grammar corrected", "needs": "small", "args": {},
     "available": True, "strategy": "generative", "required": []},
    {"name": "translate", "summary": "In another language", "needs": "small", "args": {"to": "it"},
     "available": False, "strategy": "", "required": ["to"]},
]  # fmt: skip
MODELS = [
    {"name": "smol", "state": "resident", "tier": "tiny", "size_bytes": 98_000_000,
     "quantization": "Q4_1", "licence": "Apache-2.0", "source": "", "summary": "", "kind": "model"},
    {"name": "qwen2.5-0.5b", "state": "available", "tier": "small", "size_bytes": 490_000_000,
     "quantization": "Q4", "licence": "Apache-2.0", "source": "", "summary": "", "kind": "model"},
]  # fmt: skip
FIGURES = {
    "finish_reason": "stop", "model": "smol", "usage": {"output_tokens": 40, "input_tokens": 60},
    "timing": {"decode_ms": 2000.0, "total_ms": 2100.0},
}  # fmt: skip
COVERAGE = {"read": 20, "total": 20, "parts": 1}


class ScriptedAnswers:
    """Stands where the engine would be: what `say` gives is streamed, until `end` or `fail`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.cancelled = asyncio.Event()
        self._pieces: asyncio.Queue[str | Coverage | Exception | None] = asyncio.Queue()
        self.figures: dict[str, Any] = FIGURES

    def say(self, *pieces: str) -> None:
        for piece in pieces:
            self._pieces.put_nowait(piece)

    def covers(self, read: int, total: int) -> None:
        """How much of the text is read, said before what is made of it."""
        self._pieces.put_nowait(Coverage(read=read, total=total, parts=1))

    def end(self) -> None:
        self._pieces.put_nowait(None)

    def fail(self, error: Exception) -> None:
        self._pieces.put_nowait(error)

    def handlers(self) -> dict[str, Any]:
        def streaming(method: str, shape: Callable[[str], dict[str, Any]]) -> Any:
            async def handle(params: Any, call: Call) -> dict[str, Any]:
                self.asked.append((method, params))
                return shape(await self._stream(call))

            return handle

        async def giving(value: Any) -> Any:
            return value

        return {
            "skill.run": streaming("skill.run", lambda text: self._result(text=text)),
            "assistant.ask": streaming(
                "assistant.ask", lambda text: self._result(answer=text, citations=[], refused=False)
            ),
            "assistant.generate": streaming(
                "assistant.generate", lambda text: {"text": text, **self.figures}
            ),
            "skill.list": lambda params, call: giving(SKILLS),
            "model.list": lambda params, call: giving(MODELS),
            "plugin.list": lambda params, call: giving([]),
            "result.list": lambda params, call: giving([]),
            "daemon.status": lambda params, call: giving(
                {
                    "state": "ready",
                    "engine": {"state": "ready", "model": MODELS[0]["name"], "device": "CPU"},
                }
            ),
        }

    def _result(self, **fields: Any) -> dict[str, Any]:
        return {**self.figures, "strategy": "generative", "coverage": COVERAGE, "result": "r1", **fields}

    async def _stream(self, call: Call) -> str:
        said = ""
        try:
            while (piece := await self._pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, Coverage):
                    await call.delta("", piece)
                    continue
                said += piece
                await call.delta(piece)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return said


class ScreenReader:
    """The program that looks at the popup as a screen reader does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def order(self, **order: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        try:
            async with asyncio.timeout(PATIENCE_S):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise AssertionError(f"nothing is like {order}") from None
        assert line, f"the screen reader has ended: {order}"
        return json.loads(line)

    async def wait(self, role: str, name: str = "", **more: Any) -> dict[str, Any]:
        """The first node that is showing and as described."""
        return dict(await self.order(do="wait", role=role, name=name, **more))

    async def gone(self, role: str, name: str = "") -> None:
        await self.order(do="gone", role=role, name=name)

    async def press(self, role: str, name: str) -> None:
        await self.order(do="press", role=role, name=name)

    async def type(self, text: str) -> None:
        """Fill the prompt."""
        await self.order(do="type", role="text", name="Prompt", put=text)

    async def tree(self) -> list[dict[str, Any]]:
        return list(await self.order(do="tree"))

    async def answer(self, text: str) -> str:
        """The text of the answer once `text` is in it."""
        return str((await self.wait("text", "Answer", text=text))["text"])


class Stage:
    """The popup on its desktop."""

    def __init__(self, daemon: PluginDaemon, answers: ScriptedAnswers, reader: ScreenReader, x: XServer):
        self.daemon, self.answers, self.reader, self.x = daemon, answers, reader, x
        self.commands: dict[str, Any] = {"selection.take": TAKEN}
        self.real = {"popup"}
        self.called: list[tuple[str, dict[str, Any]]] = []
        self._call = daemon.hosts.call
        daemon.hosts.call = self._dispatch  # type: ignore[method-assign]

    async def _dispatch(self, plugin: str, command: str, args: dict[str, Any]) -> Any:
        """The popup itself is real; the other plugins are answers of the test."""
        if plugin in self.real:
            return await self._call(plugin, command, args)
        self.called.append((f"{plugin}.{command}", args))
        async with self.daemon._changed:
            self.daemon._changed.notify_all()
        answer = self.commands.get(f"{plugin}.{command}", {})
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def enable(self, plugin: str) -> None:
        """Another plugin takes part as itself and not as the test's answers."""
        info = await self.daemon.hosts.enable(plugin)
        assert info.state == "running", info
        self.real.add(plugin)

    async def popup(self, command: str, **args: Any) -> Any:
        return await self._call("popup", command, args)

    async def show(self, **args: Any) -> None:
        await self.popup("show", **args)
        await self.reader.wait("text", "Prompt", states=["focused"])

    async def until_called(self, name: str) -> dict[str, Any]:
        await self.daemon.until(lambda: any(called == name for called, _ in self.called))
        return next(args for called, args in self.called if called == name)

    def key(self, *chords: str) -> None:
        """Press keys as a person does; `xdotool` knows their names."""
        subprocess.run(
            [shutil.which("xdotool") or missing("xdotool"), "key", *chords],
            check=True,
            timeout=PATIENCE_S,
        )

    def keys(self, text: str) -> None:
        subprocess.run([shutil.which("xdotool") or missing("xdotool"), "type", text], check=True)


@asynccontextmanager
async def stage(x_server: XServer, root: Path, **settings: Any) -> AsyncIterator[Stage]:
    """Everything started, the popup built and hidden."""
    async with AsyncExitStack() as stack:
        reader = await desktop_for_reading(stack, x_server)
        yield await _stage(stack, x_server, reader, root, settings)


@asynccontextmanager
async def wayland_stage(root: Path, **settings: Any) -> AsyncIterator[Stage]:
    """The same on the compositor in `WAYLAND_DISPLAY`."""
    async with AsyncExitStack() as stack:
        await _accessibility(stack)
        yield await _stage(stack, XServer(), await _screen_reader(stack), root, settings)


async def _stage(
    stack: AsyncExitStack, x_server: XServer, reader: ScreenReader, root: Path, settings: Any
) -> Stage:
    answers = ScriptedAnswers()
    options = {"handlers": answers.handlers(), "settings": {"popup": settings}}
    daemon = await stack.enter_async_context(
        plugin_daemon([("built-in", PLUGINS)], root / "state", **options)
    )
    made = Stage(daemon, answers, reader, x_server)
    info = await daemon.hosts.enable("popup")
    assert info.state == "running", info
    return made


async def desktop_for_reading(stack: AsyncExitStack, x_server: XServer) -> ScreenReader:
    """A window manager, an accessibility bus and somebody who listens to it."""
    await window_manager(stack, x_server)
    await _accessibility(stack)
    return await _screen_reader(stack)


async def window_manager(stack: AsyncExitStack, x_server: XServer) -> None:
    watching = display.Display(f":{x_server.number}")
    root = watching.screen().root
    root.change_attributes(event_mask=X.PropertyChangeMask)
    watching.sync()
    await _started(stack, shutil.which("openbox") or missing("openbox"))
    wanted = watching.intern_atom("_NET_SUPPORTING_WM_CHECK")
    await asyncio.to_thread(_wait_for_property, watching, root, wanted)
    watching.close()


def _wait_for_property(watching: Any, root: Any, atom: int) -> None:
    while root.get_full_property(atom, X.AnyPropertyType) is None:
        watching.next_event()


HAS_A11Y = A11Y_BUS.is_file()


async def _accessibility(stack: AsyncExitStack) -> None:
    if not HAS_A11Y:
        missing("at-spi2-core")
    await _started(stack, str(A11Y_BUS), "--launch-immediately")
    process = await asyncio.create_subprocess_exec(
        "gdbus", "wait", "--session", "--timeout", "30", "org.a11y.Bus"
    )
    assert await process.wait() == 0


async def _screen_reader(stack: AsyncExitStack) -> ScreenReader:
    process = await _started(stack, sys.executable, str(READER), stdin=-1, stdout=-1)
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"looks"
    return ScreenReader(process)


async def _started(stack: AsyncExitStack, *command: str, **options: Any) -> asyncio.subprocess.Process:
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
    process = await asyncio.create_subprocess_exec(*command, **streams)
    stack.push_async_callback(_end, process)
    return process


async def _end(process: asyncio.subprocess.Process) -> None:
    """With what it started: the accessibility bus has a daemon and a registry of its own, which
    nobody would end."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                child.kill()
    if process.returncode is None:
        process.kill()
    await process.communicate()


def point(x: XServer, where: tuple[int, int]) -> None:
    """Put the pointer there."""
    connection = display.Display(f":{x.number}")
    connection.screen().root.warp_pointer(*where)
    connection.sync()
    connection.close()


@contextmanager
def dpi_of(x: XServer, dpi: int) -> Iterator[None]:
    """What a desktop does for its fractional scaling: GTK reads it when it starts. The server
    forgets it with its last client, and so this stays connected."""
    connection = display.Display(f":{x.number}")
    try:
        root = connection.screen().root
        value = f"Xft.dpi:\t{dpi}\n".encode()
        root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, value)
        connection.sync()
        yield
    finally:
        connection.close()


@dataclass(frozen=True)
class Place:
    """Where a window is on the screen, in pixels."""

    left: int
    top: int
    width: int
    height: int


def place_of(x: XServer) -> Place | None:
    """Where the popup is; None while it is not on the screen."""
    watching = display.Display(f":{x.number}")
    try:
        return _find(watching)
    finally:
        watching.close()


def _find(watching: Any) -> Place | None:
    root = watching.screen().root
    pending = [root]
    while pending:
        window = pending.pop()
        try:
            if window.get_wm_name() == "Ingle" and window.get_wm_class():
                if window.get_attributes().map_state != X.IsViewable:
                    return None
                size, corner = window.get_geometry(), window.translate_coords(root, 0, 0)
                return Place(-corner.x, -corner.y, size.width, size.height)
            pending += window.query_tree().children
        except (error.BadWindow, error.BadDrawable):
            continue  # it went away while it was looked at
    return None
