"""A Wayland clipboard owner under a test's control, as `owner.py` is one on X11.

`python wayland_owner.py JSON` offers `types`; it writes "owns", then each type that somebody asks
for, and "lost" when another program has copied something.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from ingle.sdk.testing import load

load(Path(__file__).resolve().parents[2] / "plugins" / "clipboard")
compositor = sys.modules["ingle_plugin_clipboard.compositor"]
wayland = sys.modules["ingle_plugin_clipboard.wayland"]
wire = sys.modules["ingle_plugin_clipboard.wire"]


class Owner(wayland.Clipboards):  # type: ignore[misc, name-defined]
    """The plugin's own connection, which answers as the script says."""

    def __init__(self, connection: Any, script: dict[str, Any]) -> None:
        super().__init__(connection, [], lambda _: None)
        self._script, self._held = script, list[int]()

    async def own(self, times: int) -> None:
        for _ in range(times):
            self._compositor.send(self._device, wayland.SET_SELECTION, self._new_source())
            await self._compositor.roundtrip()

    def _new_source(self) -> int:
        source = self._compositor.new(self._answer)
        self._compositor.send(self._manager, wayland.CREATE_SOURCE, source)
        for name in self._script["types"]:
            self._compositor.send(source, wayland.OFFER, name)
        return source

    def _answer(self, event: Any) -> None:
        if event.opcode == wayland.CANCELLED:
            tell("lost")
            return
        name, fd = wire.string(event.arguments), self._compositor.next_fd()
        tell(name)
        behaviour = self._script.get("answer", "text")
        if behaviour == "silent":
            self._held.append(fd)
            return
        raw = (
            bytes.fromhex(self._script["hex"])
            if "hex" in self._script
            else self._script["text"].encode()
        )
        asyncio.get_running_loop().run_in_executor(None, _write, fd, raw, behaviour == "endless")


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
    path = compositor.socket_of(os.environ)
    connection = await compositor.connect(path)
    owner = Owner(connection, script)
    await owner.start()
    await owner.own(script.get("times", 1))
    tell("owns")
    await connection.gone.wait()
    os._exit(0)


def tell(word: str) -> None:
    os.write(1, f"{word}\n".encode())


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
