"""Small programs of the desktop that are asked something: swaymsg, hyprctl, wl-clipboard."""

import asyncio
import subprocess


async def run(command: list[str], given: bytes = b"", within_s: float = 3.0) -> tuple[int, bytes]:
    """Exit code and output; 124 when it took too long, 127 when it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return 127, b""
    try:
        async with asyncio.timeout(within_s):
            out, _ = await process.communicate(given)
    except TimeoutError:
        process.kill()
        await process.wait()
        return 124, b""
    return process.returncode or 0, out
