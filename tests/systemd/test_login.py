"""A login where systemd does not run the session: the autostart file's command, as a desktop runs it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from conftest import missing
from fakes.running import environment, install_model
from ingle.client import Ingle
from ingle.plughost.launchers import running

CALL = '{"plugin": "clipboard", "command": "is_watching", "args": {}}'


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of the test's own."""
    program = shutil.which("Xvfb") or missing("Xvfb")
    command = [program, "-displayfd", "1", "-nolisten", "tcp"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield f":{server.stdout.readline().strip()}"
        server.terminate()


def _runs(plugin: dict[str, Any], name: str) -> bool:
    return plugin["name"] == name and plugin["state"] == "running"


def test_the_daemon_and_the_desktops_part_are_there(private_dirs: Path, tiny_model: Path, display: str):
    install_model(private_dirs, tiny_model)
    environ = environment(private_dirs, DISPLAY=display)
    program = Path(sys.executable).with_name("ingle")
    subprocess.run([program, "setup", "--yes", "--plugins", "clipboard"], env=environ, check=True)
    words = [program, "setup", "--at-login"]
    with subprocess.Popen(words, env=environ, stderr=subprocess.PIPE, text=True) as session:
        assert session.stderr is not None
        try:
            assert any("plugins run in this session" in line for line in session.stderr)
            with Ingle(private_dirs / "runtime_dir/ingle/ingle.sock") as ingle:
                heard = ingle.events("plugin")
                now = {plugin.name: plugin.state for plugin in ingle.status().plugins}
                if now["clipboard"] != "running":
                    assert any(_runs(event.data, "clipboard") for event in heard)
        finally:
            session.terminate()
            subprocess.run([program, "stop"], env=environ, check=True)
        assert session.wait() == 0


def test_without_systemd_all_of_it_is_there_at_once(private_dirs: Path, tiny_model: Path, display: str):
    install_model(private_dirs, tiny_model)
    environ = environment(private_dirs, DISPLAY=display)
    program = Path(sys.executable).with_name("ingle")

    def ingle(*words: str) -> Any:
        """What it answers; those that it leaves behind hold no pipe of ours."""
        done = subprocess.run([program, "--json", *words], env=environ, capture_output=True, check=True)
        return json.loads(done.stdout)

    try:
        assert ingle("setup", "--yes", "--plugins", "clipboard")["changed"]
        assert ingle("rpc", "plugin.call", CALL)
        status = ingle("status")
        assert status["desktop"] == f"X11 {display}"
        processes = [psutil.Process(status["pid"])]
        processes += map(psutil.Process, running(private_dirs / "runtime_dir/ingle"))
        assert not ingle("setup", "--yes", "--plugins", "clipboard")["changed"]
    finally:
        ingle("setup", "--remove")
    assert len(processes) == 2
    assert psutil.wait_procs(processes, timeout=20)[1] == []


def test_there_and_back_at_once_leaves_no_process(private_dirs: Path, display: str):
    environ = environment(private_dirs, DISPLAY=display)
    program = Path(sys.executable).with_name("ingle")
    for words in (["--yes", "--plugins", "none"], ["--remove"]):
        done = subprocess.run(
            [program, "setup", *words], env=environ, stdout=subprocess.PIPE, text=True, check=True
        )
    assert "stopped       the daemon\n" in done.stdout
    assert "stopped       ingle desktop\n" in done.stdout


@pytest.mark.parametrize("has_daemon", [True, False])
def test_after_remove_no_process_of_ours_is_left(private_dirs: Path, has_daemon: bool):
    environ = environment(private_dirs)
    program = Path(sys.executable).with_name("ingle")
    subprocess.run([program, "setup", "--yes"], env=environ, check=True)
    with subprocess.Popen(
        [program, "setup", "--at-login"], env=environ, stderr=subprocess.PIPE, text=True
    ) as session:
        assert session.stderr is not None
        try:
            assert any("plugins run in this session" in line for line in session.stderr)
            with Ingle(private_dirs / "runtime_dir/ingle/ingle.sock") as ingle:
                daemon = psutil.Process(ingle.status().pid)
            if not has_daemon:
                subprocess.run([program, "stop"], env=environ, check=True)
            subprocess.run([program, "setup", "--remove"], env=environ, check=True)
            assert session.wait() == 0
            daemon.wait()
        finally:
            session.kill()
