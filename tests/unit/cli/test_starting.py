"""Starting the daemon: what is started here is a stand-in for `ingle.lifecycle`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ingle as package
from ingle.cli import starting
from ingle.client import Ingle
from ingle.errors import DaemonNotRunning

SERVES = (
    "import os; from pathlib import Path; from fakes.daemon import FakeDaemon\n"
    "with FakeDaemon(Path(os.environ['INGLE_SOCKET'])) as fake:\n"
    "    fake.answers['daemon.stop'] = lambda _: fake.held.set() or {'ok': True}\n"
    "    fake.held.wait()\n"
)
SAYS_WHY = "import sys; sys.exit('ingled: config.toml:3: unknown key\\n  correct the line')"
SAYS_NOTHING = "import os; os._exit(1)"
CRASHES = "raise RuntimeError('boom')"


@pytest.fixture
def stand_in(monkeypatch):
    """Have `start_daemon` run some code in place of the daemon."""

    def use(code: str) -> None:
        spawn = subprocess.Popen
        roots = (Path(package.__file__).parent.parent, Path(__file__).parents[2])

        def popen(command, *, env, **options):
            assert command == [sys.executable, "-P", "-m", "ingle.lifecycle"]
            assert options["start_new_session"]
            env["PYTHONPATH"] = os.pathsep.join(map(str, roots))
            process = spawn([sys.executable, "-c", code], env=env, **options)
            monkeypatch.setattr(process, "__del__", lambda: None, raising=False)
            started.append(process)
            return process

        monkeypatch.setattr(subprocess, "Popen", popen)

    started: list[subprocess.Popen[bytes]] = []
    yield use
    for process in started:
        process.wait(20)


def test_a_request_starts_the_daemon(ingle, paths, stand_in):
    stand_in(SERVES)
    ran = ingle("model", "list")
    assert ran.code == 0
    assert ran.err == ""
    with Ingle(paths.socket) as client:
        client.call("daemon.stop")


def test_a_person_is_told(at_terminal, paths, stand_in):
    stand_in(SERVES)
    assert "starting ingled" in at_terminal("model", "list").err
    with Ingle(paths.socket) as client:
        client.call("daemon.stop")


def test_no_start_says_how(ingle):
    ran = ingle("model", "list", "--no-start")
    assert ran.code == 3
    assert "ingle serve" in ran.err


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        (SAYS_WHY, "config.toml:3: unknown key", "correct the line"),
        (SAYS_NOTHING, "ended right after its start", "ingle serve"),
        (CRASHES, "RuntimeError: boom", "ingle doctor"),
    ],
)
def test_a_daemon_that_cannot_start_says_why(paths, stand_in, code, message, hint):
    stand_in(code)
    with pytest.raises(DaemonNotRunning, match=message) as raised:
        starting.start_daemon(paths.socket)
    assert hint in raised.value.hint


def test_a_daemon_that_does_not_answer_is_not_waited_for_for_ever(paths, stand_in, monkeypatch):
    monkeypatch.setattr(starting, "PATIENCE_S", 0.0)
    stand_in(SAYS_NOTHING)
    with pytest.raises(DaemonNotRunning, match="did not answer"):
        starting.start_daemon(paths.socket)
