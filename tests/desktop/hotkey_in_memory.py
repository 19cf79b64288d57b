"""The hotkey plugin in memory, in a process of its own: `python hotkey_in_memory.py SETTINGS`.

It writes a line of JSON for each state and for each call, until it is killed.
"""

import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "daemon")]

from ingle.sdk.testing import load, running  # noqa: E402

FOLDER = ROOT / "plugins" / "hotkey"


async def main() -> None:
    told: list[object] = []
    async with running(load(FOLDER), json.loads(sys.argv[1]), FOLDER) as ingle:

        def tell() -> None:
            everything = [["state", *each] for each in ingle.states] + [
                ["call", params["plugin"], params["command"], params["args"]]
                for method, params in ingle.calls
                if method == "plugin.call"
            ]
            for each in everything:
                if everything.count(each) > told.count(each):
                    told.append(each)
                    sys.stdout.write(json.dumps(each) + "\n")
                    sys.stdout.flush()

        async with ingle._recorder.changed:
            while True:
                tell()
                await ingle._recorder.changed.wait()


asyncio.run(main())
