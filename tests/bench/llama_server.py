"""llama-server as the other side: a process on the loopback, asked over its own HTTP interface.

It runs with its defaults but for what makes the two comparable: the same file, threads, slots and
total context, the context shared by all slots as ours is (`--kv-unified`).
"""

import asyncio
import json
import os
import select
import socket
import subprocess
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from answers import Answer
from place import CannotMeasure, end
from prompts import Prompt
from sides import Clock
from sse import EventStream

from ingle.models.templates import render
from ingle.vocabulary import Priority

START_S = 60.0
LOOK_AGAIN_S = 0.002
READ_BYTES = 64 * 1024


@dataclass(frozen=True)
class Settings:
    """What both sides have in common; `family` is the chat template that prompts are written in."""

    model: Path
    family: str
    threads: int
    slots: int
    n_ctx: int


class LlamaServer:
    """`with LlamaServer(...) as server`: it has loaded the model when the block is entered."""

    name = "llama-server"

    def __init__(self, program: Path, settings: Settings, log: Path) -> None:
        self._program, self._settings, self._log = program, settings, log
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> float:
        """Start it anew; gives the seconds until it could be asked. Raises `CannotMeasure`."""
        self.stop()
        began = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._argv(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        ended = os.pidfd_open(self._process.pid)
        try:
            while time.perf_counter() - began < START_S:
                if self._is_ready():
                    return time.perf_counter() - began
                if select.select([ended], [], [], LOOK_AGAIN_S)[0]:
                    break
        finally:
            os.close(ended)
        said = self._log.read_text(encoding="utf-8", errors="replace")[-500:]
        raise CannotMeasure(f"llama-server did not start: {said}")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            end(process)

    def _argv(self) -> list[str]:
        wanted = self._settings
        return [
            str(self._program),
            *("--model", str(wanted.model), "--threads", str(wanted.threads)),
            *("--parallel", str(wanted.slots), "--ctx-size", str(wanted.n_ctx), "--kv-unified"),
            *("--host", "127.0.0.1", "--port", str(self.port), "--offline"),
        ]

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=START_S)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    async def ask(self, prompt: Prompt, max_tokens: int, priority: Priority = "interactive") -> Answer:
        """It knows no priorities: everybody is equal. Raises `sse.BadAnswer`, `OSError`."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            clock = Clock()
            writer.write(_request(self._body(prompt, max_tokens)))
            return await _answer(reader, clock)
        finally:
            writer.close()

    def _body(self, prompt: Prompt, max_tokens: int) -> bytes:
        spans = render(self._settings.family, prompt.turns())
        return json.dumps(
            {
                "prompt": "".join(span.text for span in spans),
                "n_predict": max_tokens,
                "temperature": 0.0,
                "cache_prompt": True,
                "stream": True,
            }
        ).encode()


async def _answer(reader: asyncio.StreamReader, clock: Clock) -> Answer:
    events, last = EventStream(), None
    while last is None or not last["stop"]:
        data = await reader.read(READ_BYTES)
        if not data:
            raise ConnectionResetError("llama-server ended the connection before its answer was whole")
        for last in events.feed(data):
            if last["content"]:
                clock.heard()
    return _counted(clock, last["timings"])


def _counted(clock: Clock, timings: dict[str, Any]) -> Answer:
    cached = timings["cache_n"]
    return clock.answer(cached + timings["prompt_n"], cached, timings["predicted_n"])


def _request(body: bytes) -> bytes:
    head = (
        "POST /completion HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _free_port() -> int:
    """One that nobody listens on now; llama-server cannot be handed a socket."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
