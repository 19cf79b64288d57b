"""Copying with wl-clipboard, for desktops without data-control: it borrows the focus for a moment."""

import asyncio
import shutil
import subprocess

from ingle.sdk.marks import is_secret

ANSWER_S = 3.0


async def holds_secret() -> bool:
    """Whether what is on the clipboard is marked as a secret."""
    code, out = await _run(["wl-paste", "--list-types"], b"")
    return not code and is_secret(out.decode("utf-8", "replace").split())


async def copy(text: str) -> bool:
    """Put a text on the clipboard; wl-copy stays behind to serve it. Whether it is there."""
    if shutil.which("wl-copy") is None:
        return False
    code, _ = await _run(
        ["wl-copy", "--type", "text/plain;charset=utf-8"], text.encode("utf-8", "replace")
    )
    return code == 0


async def _run(command: list[str], given: bytes) -> tuple[int, bytes]:
    """Exit code and output; 124 when it took too long, 127 when it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return 127, b""
    try:
        async with asyncio.timeout(ANSWER_S):
            out, _ = await process.communicate(given)
    except TimeoutError:
        process.kill()
        await process.wait()
        return 124, b""
    return process.returncode or 0, out
