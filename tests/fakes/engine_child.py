"""An engine child without a model: a real process on the real protocol, with scripted behaviour.

`Supervisor(..., child=Child(MODULE, environment()))`. What it does follows
from the text of the prompt:

- "die SIGSEGV" streams two pieces and kills itself with that signal,
- "hang" streams one piece and never ends,
- "long" is refused as too long,
- anything else is given back word by word.

`FAKE_ENGINE_LOAD` says how loading goes: "refuse", "hang", "die SIGABRT"; anything else works.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import NoReturn

from ingle.engine import protocol
from ingle.errors import BadModelFile, ContextTooLong
from ingle.procs.child import inherited_sockets
from ingle.rpc.dispatcher import Call, Dispatcher, Handler, Route
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream
from ingle.vocabulary import Timing, Usage
from ingle.wire.calls.base import NoParams

MODULE = "fakes.engine_child"
TESTS = Path(__file__).resolve().parents[1]


def environment(load: str = "") -> dict[str, str]:
    """What the child needs besides its allow-list."""
    return {"PYTHONPATH": f"{TESTS.parent / 'daemon'}:{TESTS}", "FAKE_ENGINE_LOAD": load}


class FakeEngine:
    def __init__(self) -> None:
        self.running = self.steps = 0

    async def devices(self, params: protocol.DevicesParams, call: Call) -> protocol.DevicesResult:
        cpu = protocol.Device(name="CPU", description="fake", kind="cpu")
        return protocol.DevicesResult(devices=[cpu], offload=False, build="fake")

    async def load(self, params: protocol.LoadParams, call: Call) -> protocol.LoadResult:
        await call.delta("0.50")
        match os.environ.get("FAKE_ENGINE_LOAD", "").split():
            case ["refuse"]:
                raise BadModelFile("the model is not to this engine's taste")
            case ["die", name]:
                die(name)
            case ["hang"]:
                await asyncio.Event().wait()
        return protocol.LoadResult(
            architecture="fake", n_ctx=params.n_ctx, n_ctx_train=512, n_vocab=256, slots=params.slots,
            threads=params.threads, device="CPU", vram_bytes=0, rss_bytes=1, load_ms=1.0,
            build="fake", offload=False,
        )  # fmt: skip

    async def generate(self, params: protocol.GenerateParams, call: Call) -> protocol.GenerateResult:
        self.running += 1
        try:
            text = await self._answer("".join(span.text for span in params.spans), call)
        finally:
            self.running -= 1
        usage = Usage(input_tokens=1, used_tokens=1, output_tokens=len(text.split()))
        return protocol.GenerateResult(text=text, finish_reason="stop", usage=usage, timing=Timing())

    async def _answer(self, prompt: str, call: Call) -> str:
        match prompt.split():
            case ["die", name]:
                await call.delta("one ")
                await call.delta("two ")
                die(name)
            case ["hang"]:
                await call.delta("one ")
                await asyncio.Event().wait()
            case ["long"]:
                raise ContextTooLong("600 tokens are needed; the model has room for 512")
        for word in prompt.split(" "):
            await call.delta(word + " ")
        return prompt + " "

    async def tokenize(self, params: protocol.TokenizeParams, call: Call) -> protocol.TokenizeResult:
        text = "".join(span.text for span in params.spans or []) + params.text
        return protocol.TokenizeResult(tokens=list(text.encode()))

    async def score(self, params: protocol.ScoreParams, call: Call) -> protocol.ScoreResult:
        """Shorter candidates are likelier."""
        scores = [
            protocol.CandidateScore(logprob=-float(len(text)), tokens=len(text))
            for text in params.candidates
        ]
        return protocol.ScoreResult(scores=scores, usage=Usage(), timing=Timing())

    async def surprise(self, params: protocol.SurpriseParams, call: Call) -> protocol.SurpriseResult:
        """Every character is a token, and all are equally likely."""
        ends = list(range(1, len(params.text) + 1))
        return protocol.SurpriseResult(
            ends=ends, logprobs=[-1.0] * len(ends), usage=Usage(), timing=Timing()
        )

    async def status(self, params: NoParams, call: Call) -> protocol.ChildStatus:
        return protocol.ChildStatus(
            rss_bytes=1, vram_bytes=0, running=self.running, waiting=0, steps=0,
            decoded_tokens=0, prefilled_tokens=0, step_ms=0.0,
        )  # fmt: skip


def die(name: str) -> NoReturn:
    os.kill(os.getpid(), signal.Signals[name])
    raise AssertionError("still alive")


async def serve() -> None:
    (sock,) = inherited_sockets(os.environ)
    engine = FakeEngine()
    handlers: dict[str, Handler] = {name: getattr(engine, name) for name in protocol.METHODS}
    routes = {name: Route(handlers[name], kinds[0]) for name, kinds in protocol.METHODS.items()}
    peer = Peer(await FrameStream.over(sock, protocol.LIMITS), Dispatcher(routes))
    peer.on_close(lambda: os._exit(0))
    await peer.run()


if __name__ == "__main__":
    asyncio.run(serve())
