"""pause, resume, reload, stop, version, serve: short commands that steer the daemon."""

import os
import subprocess
import sys
import types
from pathlib import Path

import msgspec
import pytest

import ingle as package
from fakes.daemon import STATUS
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
        "import os, sys, msgspec; from pathlib import Path; from fakes.daemon import STATUS, FakeDaemon\n"
        "with FakeDaemon(Path(sys.argv[1])) as fake:\n"
        "    mine = msgspec.structs.replace(STATUS, pid=os.getpid())\n"
        "    fake.answers['daemon.status'] = mine\n"
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


def test_stop_of_a_daemon_whose_process_is_not_ours_to_see(ingle, daemon):
    """The scripted daemon says it is pid 4711 (or whatever a person's daemon in a container says)."""
    unseen = msgspec.structs.replace(STATUS, pid=2**22 + 1)
    daemon.answers["daemon.status"] = unseen
    assert ingle("stop").code == 0


def test_a_daemon_that_does_not_end_is_an_error_that_names_it(ingle, daemon, monkeypatch):
    daemon.answers["daemon.status"] = msgspec.structs.replace(STATUS, pid=os.getpid())
    monkeypatch.setattr("ingle.cli.stop.PATIENCE_S", 0.0)
    ran = ingle("stop")
    assert ran.code == 1
    assert str(os.getpid()) in ran.err


def test_serve_is_the_daemon_in_the_foreground(ingle, paths, monkeypatch):
    """`ingle.lifecycle` runs the real one; here it only tells which socket it would serve."""
    served = []
    stand_in = types.ModuleType("ingle.lifecycle")
    stand_in.main = lambda argv: served.append(os.environ["INGLE_SOCKET"]) or 0
    monkeypatch.setitem(sys.modules, "ingle.lifecycle", stand_in)
    monkeypatch.setattr(package, "lifecycle", stand_in, raising=False)
    assert ingle("serve").code == 0
    assert served == [str(paths.socket)]
