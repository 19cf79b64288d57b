"""From one model to another, aside and back, with a real daemon, real children and random weights."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fakes.running import RunningDaemon, daemon, install_model
from ingle.client import Ingle
from ingle.errors import BadModelFile, Paused
from ingle.models.catalog import EMBEDDED

pytestmark = pytest.mark.engine


@pytest.fixture
def home(home: Path, tiny_model: Path) -> Path:
    """With a second model and one that is cut short."""
    install_model(home, tiny_model, "second")
    (home / "data_home/ingle/models/broken.gguf").write_bytes(tiny_model.read_bytes()[:5000])
    return home


@pytest.fixture
def with_twin(home: Path) -> Iterator[RunningDaemon]:
    folder = home / "config_home/ingle"
    folder.mkdir()
    (folder / "config.toml").write_text('[engine]\ntwin = "second"\nslots = 1\n')
    with daemon(home) as started:
        yield started


def answering(client: Ingle) -> str:
    """The name of the model that answers."""
    return str(client.call("assistant.generate", prompt="hello", max_tokens=2)["model"])


def ingle(running: RunningDaemon, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ingle.cli.main", *words]
    return subprocess.run(command, env=running.environ, capture_output=True, text=True, check=False)


def test_the_command_returns_when_the_new_model_answers(running: RunningDaemon, client: Ingle) -> None:
    assert answering(client) == EMBEDDED
    done = ingle(running, "model", "use", "second")
    assert (done.returncode, done.stdout) == (0, "second answers from now on\n")
    assert answering(client) == "second"
    assert client.status().engine.next is None


def test_a_model_that_cannot_be_loaded_is_said_and_the_old_one_stays(
    running: RunningDaemon, client: Ingle
) -> None:
    answering(client)
    before = client.status().engine.pid
    with pytest.raises(BadModelFile):
        client.call("model.use", name="broken")
    assert client.status().engine.pid == before
    assert answering(client) == EMBEDDED


def test_the_choice_outlives_the_daemon_only_where_it_was_loaded(home: Path) -> None:
    with daemon(home) as first, first.client() as client:
        client.call("model.use", name="second")
        with pytest.raises(BadModelFile):
            client.call("model.use", name="broken")
    with daemon(home) as again, again.client() as client:
        assert answering(client) == "second"


def test_parking_ends_the_process_and_a_request_is_told_why(
    running: RunningDaemon, client: Ingle
) -> None:
    answering(client)
    child = psutil.Process(client.status().engine.pid)
    client.call("model.park", reason="a game")
    assert not child.is_running()
    assert client.status().engine.rss_bytes == 0
    with pytest.raises(Paused, match="a game"):
        answering(client)
    client.call("daemon.resume")
    assert answering(client) == EMBEDDED


def test_a_small_model_stands_in_while_the_other_is_aside(with_twin: RunningDaemon) -> None:
    with with_twin.client() as client:
        client.tokenize("waits for the model")
        assert answering(client) == EMBEDDED
        client.call("model.park", reason="a game")
        assert answering(client) == "second"
        engine = client.status().engine
        assert (engine.state, engine.reason, engine.twin) == ("parked", "a game", "second")
        client.call("daemon.resume")
        client.tokenize("waits for the model")
        assert answering(client) == EMBEDDED
