"""The barrier: whatever happens, a person gets a message and a script an exit code."""

import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

import ingle as package
from fakes.daemon import FakeDaemon
from ingle.cli import status
from ingle.errors import EngineUnavailable, ModelTooSmall

WAIT_S = 20.0


def started(*argv: str, **options) -> subprocess.Popen[str]:
    """The command line as a process of its own."""
    environ = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parent.parent)}
    return subprocess.Popen(
        [sys.executable, "-m", "ingle.cli.main", *argv],
        text=True,
        env=environ,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def test_a_daemons_error_is_a_message_a_hint_and_a_code(ingle, daemon, text_file):
    daemon.answers["skill.run"] = ModelTooSmall("the model is too small", "ingle model pull qwen")
    ran = ingle("summarize", str(text_file))
    assert ran.code == 4
    assert ran.err == "ingle: the model is too small\nhint: ingle model pull qwen\n"
    assert ran.out == ""


def test_an_error_as_json(ingle, daemon, text_file):
    daemon.answers["skill.run"] = EngineUnavailable("it died", "wait")
    ran = ingle("summarize", str(text_file), "--json")
    assert ran.code == 3
    assert ran.json["error"]["key"] == "engine_unavailable"
    assert ran.err == ""


def test_a_bug_is_an_internal_error_with_a_report(ingle, paths, monkeypatch):
    monkeypatch.setattr(status, "run", lambda args, session: {}["secret"])
    ran = ingle("status")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "secret" not in ran.err
    assert "internal error: KeyError" in ran.err
    assert "Traceback" in (paths.state / "cli-error.log").read_text()


def test_a_bug_shows_its_traceback_to_those_who_ask(ingle, monkeypatch):
    monkeypatch.setattr(status, "run", lambda args, session: {}["secret"])
    monkeypatch.setenv("INGLE_DEBUG", "1")
    assert "Traceback" in ingle("status").err


def test_a_bug_where_nothing_can_be_written(ingle, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(status, "run", lambda args, session: {}["secret"])
    assert "INGLE_DEBUG" in ingle("status").err


def test_a_system_error_is_said_in_words(ingle, monkeypatch):
    def full(args, session):
        raise OSError(28, "No space left on device", "/x")

    monkeypatch.setattr(status, "run", full)
    ran = ingle("status")
    assert (ran.code, ran.err) == (1, "ingle: /x: No space left on device\n")


def test_ctrl_c_anywhere_is_130(ingle, monkeypatch):
    def interrupted(args, session):
        raise KeyboardInterrupt

    monkeypatch.setattr(status, "run", interrupted)
    assert ingle("status").code == 130


def test_a_socket_path_that_is_too_long_is_explained(ingle):
    ran = ingle("status", "--socket", "/tmp/" + "x" * 200)
    assert ran.code == 1
    assert "INGLE_SOCKET" in ran.err


def test_ctrl_c_cancels_the_request_in_the_engine(daemon: FakeDaemon, text_file):
    daemon.deltas["skill.run"] = ["The hearth "]
    daemon.hold.add("skill.run")
    process = started("summarize", str(text_file))
    assert process.stdout.read(len("The hearth ")) == "The hearth "
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130
    assert out == "\n"
    assert "Traceback" not in err
    assert daemon.cancelled.wait(WAIT_S)


def test_a_reader_that_has_enough_is_no_error(daemon: FakeDaemon, text_file):
    daemon.deltas["skill.run"] = ["word " * 1000] * 200
    process = started("summarize", str(text_file))
    assert process.stdout.read(4) == "word"
    process.stdout.close()
    assert process.wait(WAIT_S) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


@pytest.mark.parametrize("locale", ["C", "en_US.ISO-8859-1"])
def test_a_terminal_that_does_not_speak_utf8(daemon: FakeDaemon, text_file, monkeypatch, locale):
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    daemon.deltas["skill.run"] = ["Grüße"]
    process = started("summarize", str(text_file))
    out, err = process.communicate(timeout=WAIT_S)
    assert (process.returncode, out, err) == (0, "Gr??e\n", "")


def test_status_imports_nothing_that_it_does_not_need(daemon: FakeDaemon):
    code = (
        "import sys; from ingle.cli.main import main; assert main(['status']) == 0;"
        "print(*sys.modules, file=sys.stderr)"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ
    )
    loaded = set(done.stderr.split())
    heavy = {"asyncio", "tqdm", "shtab", "watchdog", "subprocess", "logging", "difflib", "tomllib"}
    others = {"ingle.cli.model", "ingle.cli.doctor", "ingle.models", "ingle.rpc", "ingle.wire.schema"}
    assert loaded & (heavy | others) == set()
    assert "ready" in done.stdout


def test_on_a_real_terminal(daemon: FakeDaemon, text_file, monkeypatch):
    """Colours of ours, none of the model's; the spinner is wiped away before the answer."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    daemon.deltas["skill.run"] = ["\x1b[31mThe hearth \x9b2J", "is warm."]
    master, slave = pty.openpty()
    process = started("summarize", str(text_file), stdout=slave, stderr=slave)
    os.close(slave)
    shown = _everything(master)
    assert process.wait(WAIT_S) == 0
    assert "The hearth is warm.\r\n" in shown
    assert "\x1b[1m— A warm hearth\x1b[0m" in shown
    assert "\x1b[31m" not in shown
    assert "\x9b" not in shown


def _everything(master: int) -> str:
    """What a terminal shows until its last writer has closed it (then reading is EIO)."""
    pieces = []
    with suppress(OSError):
        while piece := os.read(master, 4096):
            pieces.append(piece)
    os.close(master)
    return b"".join(pieces).decode()
