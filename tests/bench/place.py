"""Where measuring happens: private directories, a virtual desktop, and a daemon to start and stop.

The person's models are linked in, since they are only read; nothing else of theirs is touched.
Measuring the engine alone needs no desktop, so that it can be done on a machine without one.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psutil

from ingle.client import Ingle
from ingle.errors import DaemonNotRunning
from ingle.paths import Paths
from ingle.vocabulary import EngineState, PluginState
from ingle.wire.calls.daemon import StatusResult

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "packaging" / "demo"))
import clipboard  # noqa: E402 - from the folder just named, as the next two
import virtual  # noqa: E402
from notifications import NotificationWatch  # noqa: E402

__all__ = [
    "BIN",
    "ROOT",
    "CannotMeasure",
    "Effort",
    "NotificationWatch",
    "Place",
    "Programs",
    "clipboard",
]

BIN = Path(sys.executable).parent
PLUGINS = ("clipboard", "files", "notify")
START_S, LOAD_S, PLUGIN_S, STOP_S = 20.0, 120.0, 20.0, 10.0
LOOK_AGAIN_S = 0.001


class CannotMeasure(Exception):
    """Something that the figures need is missing; the message is for a person."""


class Effort(NamedTuple):
    """How often everything is done; a quick run shows that it works, and no figure worth keeping."""

    rounds: int
    is_quick: bool = False


class Programs(NamedTuple):
    """Of llama.cpp's own, built by `peer`."""

    server: Path
    bench: Path


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ask a process to end; one that does not is killed."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Place:
    """`with Place() as place`; `daemon()` gives a running one with its plugins, `engine()` a fresh one
    with an engine only."""

    def __init__(self, *, has_desktop: bool = True, programs: Programs | None = None) -> None:
        """Without `programs` there is nobody to compare with."""
        self._has_desktop, self.programs = has_desktop, programs

    def __enter__(self) -> Self:
        models = Paths.from_environment().models
        self.root = Path(tempfile.mkdtemp(prefix="ingle-bench-"))
        self._before = dict(os.environ)
        for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
            folder = self.root / name.lower()
            folder.mkdir(mode=0o700)
            os.environ[f"XDG_{name}"] = str(folder)
        os.environ["HOME"] = str(self.root)
        os.environ.pop("INGLE_SOCKET", None)
        os.environ.pop("WAYLAND_DISPLAY", None)
        self.paths = Paths.from_environment()
        self.paths.data.mkdir()
        if models.is_dir():
            self.paths.models.symlink_to(models)
        self._process: subprocess.Popen[bytes] | None = None
        self._desktop: subprocess.Popen[str] | None = None
        if self._has_desktop:
            self._start_desktop()
        return self

    def _start_desktop(self) -> None:
        try:
            environ, self._desktop = virtual.start()
        except virtual.CannotStart as error:
            self.__exit__(None, None, None)
            raise CannotMeasure(f"{error}; `packaging/setup --tests` installs it") from None
        os.environ.update(environ)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if self._desktop is not None:
            assert self._desktop.stdin is not None
            self._desktop.stdin.close()
            self._desktop.wait()
        os.environ.clear()
        os.environ.update(self._before)
        shutil.rmtree(self.root, ignore_errors=True)

    # ---- the daemon

    def start(self) -> tuple[float, StatusResult]:
        """Start a fresh daemon; gives the seconds until its socket answered, and that answer."""
        self.stop()
        log = (self.root / "ingled.err").open("wb")
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [str(BIN / "ingled")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        return self._first_answer(began)

    def _first_answer(self, began: float) -> tuple[float, StatusResult]:
        assert self._process is not None
        ended = os.pidfd_open(self._process.pid)
        try:
            while time.perf_counter() - began < START_S:
                try:
                    with Ingle(self.paths.socket) as ingle:
                        status = ingle.status()
                        return time.perf_counter() - began, status
                except DaemonNotRunning:
                    if select.select([ended], [], [], LOOK_AGAIN_S)[0]:
                        break
        finally:
            os.close(ended)
        raise CannotMeasure(f"ingled did not start: {self._said()}")

    def _said(self) -> str:
        return (self.root / "ingled.err").read_text(encoding="utf-8", errors="replace")[-500:]

    def stop(self) -> None:
        """End the daemon, if one runs."""
        process, self._process = getattr(self, "_process", None), None
        if process is not None:
            end(process)

    def daemon(self) -> Ingle:
        """A connection to a daemon with a loaded model and running plugins."""
        if self._process is None:
            self.start()
        ingle = Ingle(self.paths.socket)
        self._until_loaded(ingle)
        if any(
            plugin.name in PLUGINS and plugin.state == PluginState.DISABLED
            for plugin in ingle.status().plugins
        ):
            for name in PLUGINS:
                ingle.call("plugin.enable", name=name)
        self._until(ingle, "plugin", PLUGIN_S, _plugins_run)
        return ingle

    def engine(self, **settings: str | int | bool) -> Ingle:
        """A connection to a fresh daemon with a loaded model and no plugins, `[engine]` as given.

        `reset` has to follow.
        """
        lines = (f"{name} = {json.dumps(value)}" for name, value in settings.items())
        return self.configured("\n".join(["[engine]", *lines, ""]))

    def configured(self, config: str) -> Ingle:
        """A connection to a fresh daemon with a loaded model and this configuration; it starts the
        plugins that were running last. `reset` has to follow."""
        self.paths.config.mkdir(exist_ok=True)
        self.paths.config_file.write_text(config, encoding="utf-8")
        self.start()
        ingle = Ingle(self.paths.socket)
        self._until_loaded(ingle)
        return ingle

    def reset(self) -> None:
        """End the daemon; the next one has no configuration of ours."""
        self.stop()
        shutil.rmtree(self.paths.config, ignore_errors=True)

    def _until_loaded(self, ingle: Ingle) -> None:
        self._until(ingle, "engine", LOAD_S, lambda status: status.engine.state == EngineState.READY)

    def _until(
        self, ingle: Ingle, topic: str, within_s: float, is_so: Callable[[StatusResult], bool]
    ) -> None:
        """Wait for a state, looking whenever an event of `topic` may have brought it."""
        deadline = time.monotonic() + within_s
        with Ingle(self.paths.socket, on_wait=lambda: _give_up(deadline, topic, ingle)) as listener:
            heard = listener.events(topic)
            while not is_so(ingle.status()):
                next(heard)

    def processes(self) -> list[psutil.Process]:
        """The daemon and all below it; the daemon first."""
        assert self._process is not None
        daemon = psutil.Process(self._process.pid)
        return [daemon, *daemon.children(recursive=True)]


def _plugins_run(status: StatusResult) -> bool:
    found = [plugin for plugin in status.plugins if plugin.name in PLUGINS]
    return len(found) == len(PLUGINS) and all(plugin.state == PluginState.RUNNING for plugin in found)


def _give_up(deadline: float, topic: str, ingle: Ingle) -> None:
    if time.monotonic() > deadline:
        status = ingle.status()
        states = {plugin.name: plugin.reason or plugin.state for plugin in status.plugins}
        raise CannotMeasure(
            f"no {topic} in time: engine {status.engine.state} {status.engine.reason}, {states}"
        )
