"""Two peers over a real socketpair, running for as long as a test needs them."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingle.rpc.dispatcher import Dispatcher
from ingle.rpc.peer import Peer
from ingle.rpc.streams import FrameStream, StreamLimits


@asynccontextmanager
async def served(
    dispatcher: Dispatcher, limits: StreamLimits | None = None, max_requests: int = 64
) -> AsyncIterator[tuple[Peer, socket.socket]]:
    """A serving peer and the raw other end of its connection."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    peer = Peer(
        await FrameStream.over(ours, limits or StreamLimits()), dispatcher, max_requests=max_requests
    )
    task = asyncio.create_task(peer.run())
    try:
        yield peer, theirs
    finally:
        theirs.close()
        async with asyncio.timeout(5):
            await task


@asynccontextmanager
async def pair(dispatcher: Dispatcher) -> AsyncIterator[tuple[Peer, Peer]]:
    """A serving peer and a calling one."""
    async with served(dispatcher) as (server, raw):
        client = Peer(await FrameStream.over(raw.dup(), StreamLimits()))
        task = asyncio.create_task(client.run())
        try:
            yield server, client
        finally:
            client.abort()
            async with asyncio.timeout(5):
                await task
