"""pause, resume, reload, stop, version, serve: short commands that steer the daemon."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ingle as package
from ingle.errors import ConfigError

WAIT_S = 20.0


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_a_switch_calls_its_method(ingle, daemon, name):
    ran = ingle(name)
    assert ran.code == 0
    assert ran.out
    assert [method for method, _ in daemon.calls] == [f"daemon.{name}"]
    assert ingle(name, "-q").out == ""


@pytest.mark.parametrize("name", ["pause", "resume", "reload"])
def test_a_switch_does_not_start_a_daemon(ingle, name):
    assert ingle(name).code == 3


def test_reload_says_what_changed_and_what_has_to_wait(ingle, daemon):
    out = ingle("reload").out
    assert "applied: context" in out
    assert "engine" in out
    assert ingle("reload", "--json").json["changed"] == ["context"]


def test_a_bad_configuration_is_the_daemons_error(ingle, daemon):
    daemon.answers["daemon.reload"] = ConfigError("config.toml:3: unknown key 'x'")
    ran = ingle("reload")
    assert ran.code == 1
    assert "config.toml:3" in ran.err


def test_stop_without_a_daemon_is_done_already(ingle):
    ran = ingle("stop")
    assert (ran.code, ran.out) == (0, "ingled was not running\n")
    assert ingle("stop", "--json").json == {"ok": True, "was_running": False}


def test_stop_waits_until_the_process_is_gone(ingle, paths):
    """A daemon in a process of its own that ends when it is told to."""
    code = (
        "import sys; from pathlib import Path; from fakes.daemon import FakeDaemon\n"
        "with FakeDaemon(Path(sys.argv[1])) as fake:\n"
        "    fake.answers['daemon.stop'] = lambda _: fake.held.set() or {'ok': True}\n"
        "    print('ready', flush=True); fake.held.wait()\n"
    )
    roots = (Path(package.__file__).parent.parent, Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(paths.socket)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, roots))},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        ran = ingle("stop")
        assert (ran.code, ran.out) == (0, "ingled has ended\n")
        assert process.wait(WAIT_S) == 0


def test_version_with_and_without_a_daemon(ingle):
    assert ingle("version").out == f"ingle {package.__version__}\n"
    assert ingle("version", "--json").json == {"version": package.__version__, "daemon": None}


def test_version_tells_of_an_older_daemon(at_terminal, daemon, monkeypatch):
    monkeypatch.setattr(package, "__version__", "9.9.9")
    assert "the running daemon is 0.1.0" in at_terminal("version").err
