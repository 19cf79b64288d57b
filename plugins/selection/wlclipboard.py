"""Copying with wl-clipboard, for desktops without data-control: it borrows the focus for a moment."""

import shutil

from ingle.sdk.marks import is_secret

from . import tools


async def holds_secret() -> bool:
    """Whether what is on the clipboard is marked as a secret."""
    code, out = await tools.run(["wl-paste", "--list-types"])
    return not code and is_secret(out.decode("utf-8", "replace").split())


async def copy(text: str) -> bool:
    """Put a text on the clipboard; wl-copy stays behind to serve it. Whether it is there."""
    if shutil.which("wl-copy") is None:
        return False
    raw = text.encode("utf-8", "replace")
    code, _ = await tools.run(["wl-copy", "--type", "text/plain;charset=utf-8"], raw)
    return code == 0
