"""What keeps a process of ours, and its children, from leaving the person's texts lying about."""

import os
import resource


def keep_private() -> None:
    """Neither a core file nor a file of ours shows another user what was copied; children inherit it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
