"""A daemon starts once, stops in order, and leaves nothing behind, however it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from fakes.running import RunningDaemon, daemon, environment
from ingle.client import Ingle
from ingle.errors import ConnectionLost, EngineUnavailable
from ingle.models.catalog import EMBEDDED

ENDLESS = {"prompt": "hello", "max_tokens": 1900, "grammar": "root ::= [a-z] [a-z ]{1899}"}


def wait_until_ready(client: Ingle) -> None:
    """Any request waits for the model."""
    client.tokenize("x")


def processes_of(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=10)
    return not alive


def test_status_answers_while_the_model_is_still_loading(running: RunningDaemon, client: Ingle) -> None:
    status = client.status()
    assert status.pid == running.process.pid
    assert status.engine.state in {"starting", "loading", "ready"}
    wait_until_ready(client)
    status = client.status()
    assert (status.state, status.engine.state, status.engine.model) == ("ready", "ready", EMBEDDED)
    assert status.engine.pid in {process.pid for process in processes_of(status.pid)}
    assert status.engine.n_ctx > 0
    assert status.engine.rss_bytes > 0


def test_a_second_daemon_says_who_has_the_socket_and_exits_1(running: RunningDaemon) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "ingle.lifecycle"], env=running.environ, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert str(running.process.pid) in second.stderr
    assert "Traceback" not in second.stderr
    with running.client() as client:
        assert client.status().pid == running.process.pid


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_answers_with_an_error_children_are_gone_and_the_exit_code_is_0(
    running: RunningDaemon, client: Ingle, sign: int
) -> None:
    wait_until_ready(client)
    family = processes_of(running.process.pid)
    assert len(family) >= 2
    stream = client.stream("assistant.generate", **ENDLESS)
    next(stream)
    running.process.send_signal(sign)
    with pytest.raises(EngineUnavailable, match="stopping") as caught:
        list(stream)
    assert not isinstance(caught.value, ConnectionLost)
    assert running.process.wait(10) == 0
    assert gone(family)
    assert not running.socket.exists()


def test_systemd_is_told_of_the_end(running: RunningDaemon) -> None:
    running.process.terminate()
    assert running.notifications.recv(100) == b"STOPPING=1"
    assert running.process.wait(10) == 0


def test_stop_over_the_socket_answers_and_ends(running: RunningDaemon, client: Ingle) -> None:
    assert client.call("daemon.stop") == {"ok": True}
    assert running.process.wait(10) == 0


def test_after_kill_9_no_child_stays_and_the_next_start_takes_the_socket(
    running: RunningDaemon, home: Path
) -> None:
    with running.client() as client:
        wait_until_ready(client)
        family = processes_of(running.process.pid)
        running.process.kill()
        running.process.wait(10)
        assert gone(family)
    assert running.socket.exists()
    (home / "notify").unlink()
    with daemon(home) as successor, successor.client() as client:
        assert client.status().pid == successor.process.pid


def test_a_socket_from_systemd_is_served_and_left_in_place(home: Path) -> None:
    path = home / "given.sock"
    with socket.socket(socket.AF_UNIX) as given:
        given.bind(str(path))
        given.listen()
        env = environment(home, LISTEN_FDS="1")
        program = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
            "os.execv(sys.executable, [sys.executable, '-m', 'ingle.lifecycle'])"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(given.fileno())], env=env, pass_fds=[given.fileno(), 3]
            if given.fileno() != 3 else [3],
        )  # fmt: skip
        try:
            with Ingle(path) as client:
                assert client.status().pid == process.pid
        finally:
            process.terminate()
            assert process.wait(10) == 0
    assert path.exists()


def test_a_wrong_configuration_is_named_with_its_line_and_nothing_starts(home: Path) -> None:
    config = home / "config_home/ingle/config.toml"
    config.parent.mkdir()
    config.write_text("[engine]\nslotz = 3\n")
    started = subprocess.run(
        [sys.executable, "-m", "ingle.lifecycle"], env=environment(home), capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert started.returncode == 78
    assert "config.toml:2: unknown key 'engine.slotz'" in started.stderr
    assert "Traceback" not in started.stderr


def test_without_a_model_the_daemon_serves_and_says_how_to_get_one(private_dirs: Path) -> None:
    with daemon(private_dirs) as running, running.client() as client:
        with pytest.raises(EngineUnavailable) as caught:
            client.generate("hello")
        assert f"ingle model pull {EMBEDDED}" in caught.value.hint
        status = client.status()
        assert (status.state, status.engine.state) == ("degraded", "absent")
        assert status.engine.reason


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all", b"GGUF" + b"\xff" * 200])
def test_a_broken_model_file_is_named_and_the_daemon_serves(private_dirs: Path, content: bytes) -> None:
    model = private_dirs / f"data_home/ingle/models/{EMBEDDED}.gguf"
    model.parent.mkdir(parents=True)
    model.write_bytes(content)
    with daemon(private_dirs) as running, running.client() as client:
        with pytest.raises(EngineUnavailable):
            client.generate("hello")
        assert client.status().engine.state in {"failed", "absent"}
        assert client.call("skill.list")


def test_directories_that_cannot_be_written_cost_nothing_but_the_log(home: Path) -> None:
    state = home / "state_home/ingle"
    state.write_text("a file where a directory should be")
    config = home / "config_home/ingle"
    config.write_text("and another")
    with daemon(home) as running:
        with running.client() as client:
            wait_until_ready(client)
            assert client.status().state in {"ready", "degraded"}
        assert running.stop() == 0
        assert b"Traceback" not in (running.process.stdout.read() if running.process.stdout else b"")


def test_a_reload_applies_all_or_nothing(home: Path, running: RunningDaemon, client: Ingle) -> None:
    config = home / "config_home/ingle/config.toml"
    config.parent.mkdir()
    config.write_text("[context]\nkeep_items = 1\n[engine]\nslots = 2\n")
    assert client.call("daemon.reload") == {
        "changed": ["engine", "context"],
        "restart_needed": ["engine"],
    }
    for text in ("one", "two"):
        client.call("context.put", kind="note", text=text)
    assert len(client.call("context.list")) == 1
    config.write_text("[context]\nkeep_items = 9\nkeep_itemz = 1\n")
    with pytest.raises(Exception, match=r"config\.toml:3") as caught:
        client.call("daemon.reload")
    assert "Traceback" not in str(caught.value)
    client.call("context.put", kind="note", text="three")
    assert len(client.call("context.list")) == 1


def test_sighup_reloads(home: Path, running: RunningDaemon, client: Ingle) -> None:
    config = home / "config_home/ingle/config.toml"
    config.parent.mkdir()
    config.write_text("[context]\nkeep_items = 1\n")
    os.kill(running.process.pid, signal.SIGHUP)
    for text in ("one", "two", "three"):
        client.call("context.put", kind="note", text=text)
    assert json.dumps(client.call("context.list")).count('"id"') <= 2


def test_nothing_of_the_daemon_is_readable_by_others_and_no_core_is_dumped(
    running: RunningDaemon,
) -> None:
    with running.client() as client:
        wait_until_ready(client)
        for process in processes_of(running.process.pid):
            limits = Path(f"/proc/{process.pid}/limits").read_text()
            assert re.search(r"Max core file size\s+0\s+0", limits)
    assert running.log.stat().st_mode & 0o077 == 0
    assert running.socket.stat().st_mode & 0o077 == 0
