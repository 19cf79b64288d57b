"""The engine child: a peer on the inherited socket, the loop beside it, and a quick end.

The end of the daemon is the end of the child, even inside a `llama_decode` that takes seconds:
its threads are not waited for, and the kernel gives back memory and VRAM.
"""

import asyncio
import logging
import os
import sys

from ingle.engine import protocol
from ingle.engine.child.service import Service
from ingle.procs.child import end_with_parent, inherited_sockets
from ingle.rpc.dispatcher import Dispatcher, Handler, Route
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream

log = logging.getLogger(__name__)


def main() -> None:
    """Serve until the daemon closes its end."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    asyncio.run(_serve())


async def _serve() -> None:
    end_with_parent()
    (sock,) = inherited_sockets(os.environ)
    service = Service()
    service.arrivals.listen(sock)
    peer = Peer(
        await FrameStream.over(sock, protocol.LIMITS),
        Dispatcher(_routes(service)),
        name="daemon",
        max_requests=protocol.MAX_REQUESTS,
    )
    peer.on_close(lambda: os._exit(0))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_run_loop(service))
        tasks.create_task(peer.run())


async def _run_loop(service: Service) -> None:
    """A bug in the loop ends the child with a traceback in its log; a new one takes its place."""
    try:
        await service.run_loop()
    except Exception:
        log.exception("the engine's loop failed")
        os._exit(1)


def _routes(service: Service) -> dict[str, Route]:
    handlers: dict[str, Handler] = {
        "devices": service.devices,
        "load": service.load,
        "generate": service.generate,
        "score": service.score,
        "surprise": service.surprise,
        "embed": service.embed,
        "tokenize": service.tokenize,
        "status": service.status,
    }
    return {name: Route(handlers[name], kinds[0]) for name, kinds in protocol.METHODS.items()}
