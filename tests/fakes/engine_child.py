"""An engine child without a model: a real process on the real protocol, with scripted behaviour.

`Supervisor(..., child=Child(MODULE, environment()))`. What it does follows
from the text of the prompt:

- "die SIGSEGV" streams two pieces and kills itself with that signal,
- "hang" streams one piece and never ends,
- "wait FIFO" streams one piece and ends once somebody writes into that pipe,
- "long" is refused as too long,
- anything else is given back word by word.

`FAKE_ENGINE_LOAD` says how loading goes, or else the model file's own name does, with hyphens:
"refuse", "hang", "die SIGABRT", "wait" (until somebody writes into the pipe beside it),
"room 3000" (no memory for more tokens than that), "cpu" (dies with layers on a GPU); anything
else works. `FAKE_ENGINE_GPUS` are its GPUs, "NAME:FREE:TOTAL" in MiB, `FAKE_ENGINE_VRAM` is what a
load takes of them, in MiB.
"""

import asyncio
import math
import os
import signal
from pathlib import Path
from typing import NoReturn

from ingle.engine import protocol
from ingle.errors import BadModelFile, ContextTooLong, NotEnoughMemory
from ingle.procs.child import inherited_sockets
from ingle.rpc.dispatcher import Call, Dispatcher, Handler, Route
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream
from ingle.vocabulary import Timing, Usage
from ingle.wire.calls.base import NoParams

MODULE = "fakes.engine_child"
TESTS = Path(__file__).resolve().parents[1]


MIB = 1 << 20


def environment(load: str = "", gpus: str = "", vram: int = 0) -> dict[str, str]:
    """What the child needs besides its allow-list."""
    return {
        "PYTHONPATH": f"{TESTS.parent / 'daemon'}:{TESTS}",
        "FAKE_ENGINE_LOAD": load,
        "FAKE_ENGINE_GPUS": gpus,
        "FAKE_ENGINE_VRAM": str(vram),
    }


def pipe_beside(model: Path) -> Path:
    """Where a load that waits waits; made by the test."""
    return model.with_suffix(".go")


class FakeEngine:
    def __init__(self) -> None:
        self.running = self.steps = 0

    async def devices(self, params: protocol.DevicesParams, call: Call) -> protocol.DevicesResult:
        found = gpus()
        only = found if len(found) == 1 else []
        measured = [gpu for gpu in found if gpu.name == params.measure] or only
        blank = [gpu if gpu in measured else unmeasured(gpu) for gpu in found]
        cpu = protocol.Device(name="CPU", description="fake", kind="cpu")
        return protocol.DevicesResult(devices=[*blank, cpu], offload=bool(found), build="fake")

    async def load(self, params: protocol.LoadParams, call: Call) -> protocol.LoadResult:
        await call.delta("0.50")
        path = Path(params.path)
        match os.environ.get("FAKE_ENGINE_LOAD", "").split() or path.stem.split("-"):
            case ["refuse"]:
                raise BadModelFile("the model is not to this engine's taste")
            case ["die", name]:
                die(name)
            case ["hang"]:
                await asyncio.Event().wait()
            case ["wait", *_]:
                await asyncio.to_thread(pipe_beside(path).read_text)
            case ["room", tokens] if params.n_ctx > int(tokens):
                raise NotEnoughMemory("failed to allocate the context")
            case ["cpu"] if params.gpu_layers:
                die("SIGABRT")
        return protocol.LoadResult(
            architecture="fake", n_ctx=params.n_ctx, n_ctx_train=512, n_vocab=256, slots=params.slots,
            threads=params.threads, device=params.device or "CPU",
            vram_bytes=int(os.environ["FAKE_ENGINE_VRAM"]) * MIB, rss_bytes=1, load_ms=1.0,
            build="fake", offload=bool(gpus()), layers=3, gpu_layers=params.gpu_layers,
            kv_type=params.kv_type,
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
            case ["wait", pipe]:
                await call.delta("one ")
                await asyncio.to_thread(Path(pipe).read_text)
            case ["long"]:
                raise ContextTooLong("600 tokens are needed; the model has room for 512")
        for word in prompt.split(" "):
            await call.delta(word + " ")
        return prompt + " "

    async def tokenize(self, params: protocol.TokenizeParams, call: Call) -> protocol.TokenizeResult:
        text = "".join(span.text for span in params.spans or []) + params.text
        return protocol.TokenizeResult(tokens=list(text.encode()))

    async def embed(self, params: protocol.EmbedParams, call: Call) -> protocol.EmbedResult:
        """The length of a text is its direction."""
        angles = [len(text) for text in params.texts]
        return protocol.EmbedResult(
            embeddings=[[math.cos(angle), math.sin(angle)] for angle in angles], dimensions=2,
            truncated=[], usage=Usage(), timing=Timing(),
        )  # fmt: skip

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


def gpus() -> list[protocol.Device]:
    """None where a child is told to see none."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "-1":
        return []
    rows = [row.split(":") for row in os.environ.get("FAKE_ENGINE_GPUS", "").split()]
    return [
        protocol.Device(
            name=name, description=f"Fake {name}", kind="gpu",
            free_bytes=int(free) * MIB, total_bytes=int(total) * MIB,
        )
        for name, free, total in rows
    ]  # fmt: skip


def unmeasured(gpu: protocol.Device) -> protocol.Device:
    return protocol.Device(name=gpu.name, description=gpu.description, kind=gpu.kind)


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
