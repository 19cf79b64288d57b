"""A Wayland clipboard owner under a test's control, as `owner.py` is one on X11.

`python wayland_owner.py JSON` offers `types`; it writes "owns", then each type that somebody asks
for, and "lost" when another program has copied something.
"""

import asyncio
import json
import os
import sys
from typing import Any

from ingle.sdk.wayland import Clipboards, Source


class Owner(Clipboards):
    """A connection that answers as the script says."""

    script: dict[str, Any]

    async def take(self, times: int) -> None:
        for _ in range(times):
            self.own("CLIPBOARD", dict.fromkeys(self.script["types"], b""))
            await self.sync()

    def _serve(self, source: Source, kind: str, fd: int) -> None:
        tell(kind)
        behaviour = self.script.get("answer", "text")
        if behaviour == "silent":
            return
        hex_, text = self.script.get("hex"), self.script["text"]
        raw = bytes.fromhex(hex_) if hex_ else text.encode()
        asyncio.get_running_loop().run_in_executor(None, _write, fd, raw, behaviour == "endless")

    def _take_source(self, id_: int, source: Source, message: Any) -> None:
        super()._take_source(id_, source, message)
        if source.is_cancelled:
            tell("lost")


def _write(fd: int, raw: bytes, is_endless: bool) -> None:
    """In a thread: whoever reads may stop reading."""
    try:
        os.set_blocking(fd, True)
        with open(fd, "wb", buffering=0) as pipe:
            pipe.write(raw)
            while is_endless:
                pipe.write(raw)
    except BrokenPipeError:
        tell("cut off")


async def main(script: dict[str, Any]) -> None:
    owner = await Owner.connect()
    owner.script = script
    await owner.take(script.get("times", 1))
    tell("owns")
    await owner.gone.wait()
    os._exit(0)


def tell(word: str) -> None:
    os.write(1, f"{word}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
