"""Small programs that are asked something: what they say, and that none is waited for without end."""

import sys
from pathlib import Path

import psutil

from ingle.sdk.testing import load

load(Path(__file__).resolve().parents[4] / "plugins" / "selection")
tools = sys.modules["ingle_plugin_selection.tools"]


async def test_it_gives_the_exit_code_and_what_was_said() -> None:
    assert await tools.run(["sh", "-c", "echo hidden >&2; echo said; exit 3"]) == (3, b"said\n")


async def test_what_is_given_is_read_to_its_end_and_so_is_nothing() -> None:
    assert await tools.run(["cat"], b"a text") == (0, b"a text")
    assert await tools.run(["cat"]) == (0, b"")


async def test_one_that_does_not_read_costs_nothing() -> None:
    assert await tools.run(["true"], b"a" * 1_000_000) == (0, b"")


async def test_one_that_is_not_there_is_127() -> None:
    assert await tools.run(["/nonexistent/program"]) == (127, b"")


async def test_one_that_takes_too_long_is_124_and_gone() -> None:
    assert await tools.run(["tail", "-f", "/dev/null"], within_s=0.01) == (124, b"")
    me = psutil.Process()
    assert not [each for each in me.children() if each.name() == "tail"]
