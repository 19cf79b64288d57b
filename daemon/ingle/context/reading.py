"""Text files from disk, read whole or not at all."""

from pathlib import Path

from ingle.errors import BadDocument, NotFound


def read_text(path: str, max_bytes: int) -> str:
    """The text of a UTF-8 file (a byte order mark is dropped).

    Raises `NotFound`, and `BadDocument` for what is no regular file, too large, unreadable or
    not UTF-8. Blocking: call it in a thread.
    """
    file = Path(path)
    if not file.is_absolute():
        raise BadDocument(f"not an absolute path: {path}")
    try:
        if not file.is_file():
            raise NotFound(f"no such file: {path}")
        if file.stat().st_size > max_bytes:
            raise BadDocument(f"{path} is over {max_bytes / 1_048_576:.1f} MiB (context.max_item_bytes)")
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadDocument(f"{path} is not UTF-8: byte {error.start}", "convert it with iconv") from None
    except OSError as error:
        raise BadDocument(f"{path} cannot be read: {error.strerror}") from None
