import os
import queue
import signal
import threading

import pytest

from ingle.cli.following import follow

WAIT_S = 10.0


@pytest.fixture
def log(paths):
    paths.log_file.parent.mkdir(parents=True)
    paths.log_file.write_text("".join(f"line {number}\n" for number in range(100)))
    return paths.log_file


def test_the_last_lines(ingle, log):
    assert ingle("log", "-n", "2").out == "line 98\nline 99\n"
    assert len(ingle("log").out.splitlines()) == 50
    assert ingle("log", "-n", "0").out == ""


def test_as_json(ingle, log):
    assert ingle("log", "-n", "1", "--json").lines == [{"line": "line 99"}]


def test_no_log_is_5_and_says_who_writes_it(ingle):
    ran = ingle("log")
    assert ran.code == 5
    assert "ingle serve" in ran.err


def test_a_log_with_bytes_that_are_no_text(ingle, log):
    log.write_bytes(b"\xff\x1b[31mred\n")
    assert ingle("log").out == "\ufffdred\n"


@pytest.fixture
def followed(log):
    """The lines that `follow` gives, in a thread that ends with the file's directory."""
    lines: queue.Queue[str] = queue.Queue()
    started = threading.Event()

    def read():
        for line in follow(log):
            lines.put(line)
            if line == "end":
                return
            started.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not started.is_set():  # until the first line arrives nobody knows that it listens
        with log.open("a") as file:
            file.write("begin\n")
        started.wait(0.02)
    yield log, lines
    with log.open("a") as file:
        file.write("\nend\n")
    thread.join(WAIT_S)
    assert not thread.is_alive()


def next_but_begin(lines):
    while (line := lines.get(timeout=WAIT_S)) == "begin":
        pass
    return line


def test_following_gives_whole_lines(followed):
    log, lines = followed
    with log.open("a") as file:
        file.write("half a ")
        file.flush()
        file.write("line\nanother\n")
    assert next_but_begin(lines) == "half a line"
    assert next_but_begin(lines) == "another"


def test_following_survives_rotation(followed):
    log, lines = followed
    log.rename(log.with_suffix(".log.1"))
    log.write_text("after\n")
    assert next_but_begin(lines) == "after"


def test_following_ends_with_ctrl_c(ingle, log, monkeypatch):
    def interrupted(path):
        os.kill(os.getpid(), signal.SIGINT)
        yield from ()

    monkeypatch.setattr("ingle.cli.following.follow", interrupted)
    assert ingle("log", "-f").code == 130
