"""What was summarised, answered and rewritten is there again, until what it was made of is forgotten."""

import json
import subprocess
import sys

from fakes.running import RunningDaemon
from ingle.client import Ingle

LONG = "The harbour was quiet that morning, and the boats lay still on the water. " * 12


def cli(running: RunningDaemon, *argv: str) -> str:
    command = [sys.executable, "-m", "ingle.cli.main", *argv]
    done = subprocess.run(command, env=running.environ, capture_output=True, text=True, check=True)
    return done.stdout


def summarised(client: Ingle) -> tuple[str, str]:
    """(item, result) of a text that was copied and summarised."""
    events = client.events("skill")
    item = client.call("context.put", kind="clipboard", text=LONG, title="Harbour")["id"]
    told = [next(events)]
    while told[-1].name != "summary.ready":
        assert told[-1].name != "summary.failed", told[-1].data
        told.append(next(events))
    [ready] = [event for event in told if event.name == "result.ready"]
    assert told[-1].data["result"] == ready.data["id"]
    return item, ready.data["id"]


def test_a_summary_is_kept_and_shown_by_the_command(running: RunningDaemon, client: Ingle) -> None:
    item, result = summarised(client)
    [listed] = json.loads(cli(running, "results", "--json"))
    assert (listed["id"], listed["kind"], listed["item"]) == (result, "summary", item)
    assert cli(running, "results", result).rstrip("\n") == listed["text"].rstrip("\n")
    assert listed["text"] == client.call("context.get", id=item)["summary"]


def test_what_a_forgotten_text_says_is_forgotten_with_it(running: RunningDaemon, client: Ingle) -> None:
    item, _ = summarised(client)
    kept = client.call("skill.run", skill="summarize", text=LONG, keep=True)["result"]
    client.call("context.forget", id=item)
    assert [each["id"] for each in client.call("result.list")] == [kept]
    assert cli(running, "context", "forget", "--all")
    assert client.call("result.list") == []


def test_nothing_of_a_result_is_in_any_file(running: RunningDaemon, client: Ingle) -> None:
    summarised(client)
    running.stop()
    found = [path for path in running.root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in found if b"harbour" in path.read_bytes().lower()] == []
