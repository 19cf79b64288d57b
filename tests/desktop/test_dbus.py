"""The bus name as other programs see it: gdbus, busctl and D-Bus itself, on a real session bus."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from desktop.conftest import PLUGINS, needed
from fakes.plugin_daemon import PATIENCE_S, PluginDaemon, plugin_daemon, write_plugin
from ingle.errors import ModelTooSmall

pytestmark = pytest.mark.desktop

NAME, PATH = "io.github.ingle.Ingle", "/io/github/ingle/Ingle"
STATUS = {
    "version": "1", "pid": 1, "uptime_s": 1.0, "state": "ready", "plugins": [], "warnings": [],
    "engine": {"state": "ready", "model": "smollm2"}, "queue": {},
}  # fmt: skip
KEPT = [
    {"id": "r1", "kind": "summary", "title": "A letter from Ada", "text": "Ada writes.", "at": 0.0,
     "origin": "clipboard", "item": None},
    {"id": "r2", "kind": "answer", "title": "What is lime?", "text": "A binder.", "at": 0.0,
     "origin": "popup", "item": None},
]  # fmt: skip
POPUP = """
from pathlib import Path
from ingle.sdk import Plugin, command

class Popup(Plugin):
    async def run(self, ingle):
        self._ingle = ingle
        await super().run(ingle)

    @command
    async def show(self, skill: str = "", text: str = "", question: str = "") -> None:
        await self._ingle.put_context(f"show {skill}|{text}|{question}", kind="note")

    @command
    async def show_result(self, id: str) -> None:
        await self._ingle.put_context(f"result {id}", kind="note")
"""
"""Stands in for the popup: it tells the test what it was asked to show."""


async def run(*argv: str) -> str:
    """What a program prints; it fails the test when the program fails."""
    process = await asyncio.create_subprocess_exec(
        needed(argv[0]), *argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().strip()


async def fails(*argv: str) -> str:
    process = await asyncio.create_subprocess_exec(
        needed(argv[0]), *argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE_S):
        _, err = await process.communicate()
    assert process.returncode
    return err.decode()


async def call(method: str, *args: str, path: str = PATH, interface: str = NAME) -> str:
    target = ["--session", "--dest", NAME, "--object-path", path, "--method", f"{interface}.{method}"]
    return await run("gdbus", "call", *target, "--", *args)


@pytest.fixture
async def daemon(session_bus: str, private_dirs: Path) -> AsyncIterator[PluginDaemon]:
    home = private_dirs / "plugins"
    write_plugin(home, "popup", POPUP, grants=["context.write"], pauses=False)
    (home / "dbus").symlink_to(PLUGINS / "dbus")
    answers: dict[str, Any] = {
        "assistant.ask": {"answer": "A binder."},
        "skill.run": lambda params: {"text": f"{params.skill}: {params.text}"},
        "result.list": KEPT,
        "result.get": KEPT[0],
        "daemon.status": lambda params: STATUS,
        "daemon.pause": {},
        "daemon.resume": {},
    }
    async with plugin_daemon([("own", home)], private_dirs / "state", answers=answers) as running:
        await running.hosts.enable("popup")
        await running.hosts.enable("dbus")
        await running.until(lambda: bool(running.subscribers))
        await running.until_state("dbus", "running")
        await run("gdbus", "wait", "--session", NAME)
        yield running


async def asked(daemon: PluginDaemon, method: str) -> Any:
    """The parameters of the next call of a method of the daemon."""
    await daemon.until(lambda: any(name == method for name, _ in daemon.calls))
    return next(params for name, params in daemon.calls if name == method)


async def shown(daemon: PluginDaemon) -> str:
    await daemon.until(lambda: bool(daemon.puts))
    return str(daemon.puts.pop().text)


async def test_what_it_offers_reads_well(daemon: PluginDaemon) -> None:
    told = await run("gdbus", "introspect", "--session", "--dest", NAME, "--object-path", PATH)
    for line in (
        "Ask(in  s question,", "out s answer);", "Run(in  s skill,", "in  a{ss} args,", "Summarize(",
        "ShowPopup(", "Pause();", "ResultReady(s id,", "readonly s State = 'ready';",
        "readonly s Model = 'smollm2';",
    ):  # fmt: skip
        assert line in told
    address = os.environ["DBUS_SESSION_BUS_ADDRESS"]
    listed = await run("busctl", f"--address={address}", "introspect", NAME, PATH)
    assert ".Ask" in listed
    assert '"smollm2"' in listed


async def test_a_question_is_answered_and_kept(daemon: PluginDaemon) -> None:
    assert await call("Ask", "What is lime?", "Lime is a binder.") == "('A binder.',)"
    params = await asked(daemon, "assistant.ask")
    assert (params["question"], params["text"]) == ("What is lime?", "Lime is a binder.")
    assert params["keep"] is True


async def test_skills_run_with_their_arguments(daemon: PluginDaemon) -> None:
    assert await call("Run", "rewrite", "gimme it", "{'tone': 'formal'}") == "('rewrite: gimme it',)"
    assert (await asked(daemon, "skill.run"))["args"] == {"tone": "formal"}
    assert await call("Summarize", "long") == "('summarize: long',)"


async def test_a_long_answer_keeps_nobody_waiting(daemon: PluginDaemon) -> None:
    answered = asyncio.Event()

    async def slow(params: Any) -> dict[str, str]:
        await answered.wait()
        return {"answer": "late"}

    daemon.answers["assistant.ask"] = lambda params: slow(params)
    waiting = asyncio.ensure_future(call("Ask", "What?", ""))
    await asked(daemon, "assistant.ask")
    assert "ready" in await call("Get", NAME, "State", interface="org.freedesktop.DBus.Properties")
    assert await call("Summarize", "short") == "('summarize: short',)"
    assert not waiting.done()
    answered.set()
    assert await waiting == "('late',)"


async def test_an_error_has_a_name_and_the_next_step(daemon: PluginDaemon) -> None:
    daemon.answers["skill.run"] = ModelTooSmall("too small for `rewrite`", "`ingle model pull x`")
    target = ["--session", "--dest", NAME, "--object-path", PATH, "--method", f"{NAME}.Run"]
    told = await fails("gdbus", "call", *target, "--", "rewrite", "text", "{}")
    assert f"{NAME}.Error.ModelTooSmall" in told
    assert "ingle model pull x" in told
    assert f"{NAME}.Error.InvalidParams" in await fails(
        "gdbus", "call", *target, "--", "rewrite", " ", "{}"
    )


async def test_the_popup_opens_and_the_daemon_pauses(daemon: PluginDaemon) -> None:
    await call("ShowPopup", "rewrite", "this text")
    assert await shown(daemon) == "show rewrite|this text|"
    await call("Pause")
    await asked(daemon, "daemon.pause")
    await call("Resume")
    await asked(daemon, "daemon.resume")


async def monitor(address: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        needed("gdbus"), "monitor", "--address", address, "--dest", NAME, stdout=subprocess.PIPE
    )


async def until_said(process: asyncio.subprocess.Process, what: str) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        while what not in (line := (await process.stdout.readline()).decode()):
            assert line, "the monitor has ended"
    return line


async def test_changes_and_results_are_told_without_the_text(
    daemon: PluginDaemon, session_bus: str
) -> None:
    listener = await monitor(session_bus)
    await until_said(listener, "is owned by")
    daemon.answers["daemon.status"] = {**STATUS, "state": "paused"}
    daemon.emit("engine", "daemon.state", {"state": "paused", "reason": "", "held": None})
    line = await until_said(listener, "PropertiesChanged")
    assert "'State': <'paused'>" in line
    assert "Model" not in line
    daemon.emit("skill", "result.ready", {"id": "r1", "kind": "summary", "title": "A letter"})
    line = await until_said(listener, "ResultReady")
    assert "('r1', 'summary')" in line
    assert "letter" not in line
    assert await call("GetResult", "r1") == "('summary', 'A letter from Ada', 'Ada writes.')"
    listener.kill()
    await listener.communicate()


async def test_gnomes_search_finds_results_and_asks(daemon: PluginDaemon) -> None:
    there = {"path": f"{PATH}/SearchProvider", "interface": "org.gnome.Shell.SearchProvider2"}
    found = await call("GetInitialResultSet", "['letter', 'ada']", **there)
    assert found == "(['result:r1', 'ask:letter ada'],)"
    metas = await call("GetResultMetas", "['result:r1', 'ask:letter ada']", **there)
    assert "'name': <'A letter from Ada'>" in metas
    assert "'name': <'Ask Ingle: letter ada'>" in metas
    await call("ActivateResult", "result:r1", "['letter']", "0", **there)
    assert await shown(daemon) == "result r1"
    await call("LaunchSearch", "['what', 'now']", "0", **there)
    assert await shown(daemon) == "show ||what now"
    assert not [name for name, _ in daemon.calls if name in {"assistant.ask", "skill.run"}]


async def test_krunner_gets_the_same(daemon: PluginDaemon) -> None:
    there = {"path": f"{PATH}/Runner", "interface": "org.kde.krunner1"}
    matches = await call("Match", "letter", **there)
    assert "('result:r1', 'A letter from Ada', 'io.github.ingle.Ingle', 100, 0.9" in matches
    assert "('ask:letter', 'Ask Ingle: letter'" in matches
    assert await call("Actions", **there) == "(@a(sss) [],)"
    await call("Run", "ask:letter", "", **there)
    assert await shown(daemon) == "show ||letter"


async def test_the_name_is_taken_again_when_it_is_free(private_dirs: Path, session_bus: str) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"taken\n"
    answers = {"daemon.status": STATUS}
    async with plugin_daemon(
        [("built-in", PLUGINS)], private_dirs / "state", answers=answers
    ) as running:
        await running.hosts.enable("dbus")
        await running.until_state("dbus", "waiting", "another program has the name")
        holder.kill()
        await holder.communicate()
        await running.until_state("dbus", "running")


HOLDER = f"""
import gi
from gi.repository import Gio, GLib
Gio.bus_own_name(Gio.BusType.SESSION, "{NAME}", 0, None, lambda *_: print("taken", flush=True), None)
GLib.MainLoop().run()
"""


async def until_there() -> None:
    await run("gdbus", "wait", "--session", NAME)


async def test_a_bus_that_dies_again_and_again_leaves_nothing_behind(
    private_dirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"unix:path={private_dirs / 'bus'}"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    open_files = []
    answers = {"daemon.status": STATUS}
    async with plugin_daemon(
        [("built-in", PLUGINS)], private_dirs / "state", answers=answers
    ) as running:
        for round_ in range(12):
            bus = await asyncio.create_subprocess_exec(
                needed("dbus-daemon"), "--session", "--nofork", "--nopidfile", "--print-address=1",
                f"--address={address}", stdout=subprocess.PIPE,
                env={**os.environ, "XDG_DATA_DIRS": "/nonexistent"},
            )  # fmt: skip
            assert bus.stdout is not None
            await bus.stdout.readline()
            if not round_:
                await running.hosts.enable("dbus")
            await running.until_state("dbus", "running")
            await until_there()
            pid = running.info("dbus").pid
            assert pid
            open_files.append((pid, psutil.Process(pid).num_fds()))
            bus.kill()
            await bus.communicate()
            (private_dirs / "bus").unlink(missing_ok=True)
            await running.until_state("dbus", "waiting")
    assert len({pid for pid, _ in open_files}) == 1, "the host lived through it"
    assert max(count for _, count in open_files[2:]) <= open_files[1][1]


def test_the_files_for_the_desktop_name_what_is_served() -> None:
    folder = Path(__file__).resolve().parents[2] / "packaging" / "dbus"
    told = "\n".join(path.read_text() for path in folder.iterdir())
    for what in (f"Name={NAME}", f"BusName={NAME}", f"{PATH}/SearchProvider", f"{PATH}/Runner"):
        assert what in told
    done = subprocess.run(
        [needed("desktop-file-validate"), folder / f"{NAME}.runner.desktop"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "error" not in done.stdout, done.stdout
    assert json.dumps(done.returncode) == "0"
