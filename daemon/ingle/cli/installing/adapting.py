"""The shipped texts name /usr/bin and the default directories; here they get the real ones. Pure.

Units, launchers and D-Bus service files quote differently; a path may contain anything but a newline.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

SHIPPED_BIN = "/usr/bin/"
_PROGRAM = re.compile(re.escape(SHIPPED_BIN) + r"(ingled?)\b")


def for_unit(text: str) -> str:
    """As one word of a unit's line (systemd.syntax(7), systemd.unit(5) on specifiers)."""
    escaped = text.replace("%", "%%")
    if re.fullmatch(r"[\w./%:@+=-]+", text):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def for_unit_exec(text: str) -> str:
    """As an argument of a command, where variables are put in too."""
    return for_unit(text).replace("$", "$$")


def for_unit_program(path: str) -> str:
    """As the program of a command: systemd takes no quotes or backslashes in its path."""
    return f"/usr/bin/env {for_unit_exec(path)}" if re.search(r"[\"'\\]", path) else for_unit(path)


def for_exec(path: str) -> str:
    """As one word of `Exec=` (Desktop Entry Specification, "The Exec key"), which is unescaped twice."""
    escaped = path.replace("%", "%%")
    if re.fullmatch(r"[\w./%:@+-]+", path):
        return escaped
    return '"' + re.sub(r'([\\"`$])', r"\\\1", escaped).replace("\\", "\\\\") + '"'


def unit(text: str, programs: Path, directories: Mapping[str, tuple[str, Path]]) -> str:
    """A unit that starts the programs in `programs` and uses other directories than the defaults.

    `directories` are those that differ: variable -> (what stands for it in the shipped text, path).
    """
    text = _PROGRAM.sub(lambda found: for_unit_program(str(programs / found[1])), text)
    text = "".join(_moved(line, directories) for line in text.splitlines(keepends=True))
    lines = "".join(
        f"Environment={for_unit(f'{name}={path}')}\n" for name, (_, path) in directories.items()
    )
    return text.replace("[Service]\n", f"[Service]\n{lines}", 1)


def _moved(line: str, directories: Mapping[str, tuple[str, Path]]) -> str:
    quote = for_unit_exec if line.startswith("Exec") else for_unit
    for default, path in directories.values():
        names = (default, "%C") if default == "%h/.cache" else (default,)
        for name in names:
            line = line.replace(f"{name}/ingle", quote(f"{path}/ingle"))
    return line


def launcher(text: str, programs: Path) -> str:
    """A `.desktop` file."""
    quotes = {"TryExec": _for_try_exec, "Exec": for_exec}

    def adapted(line: str) -> str:
        quote = quotes.get(line.partition("=")[0])
        if quote is None:
            return line
        return _PROGRAM.sub(lambda found: quote(str(programs / found[1])), line)

    return "".join(map(adapted, text.splitlines(keepends=True)))


def _for_try_exec(path: str) -> str:
    """A path and nothing else, unescaped once."""
    return path.replace("\\", "\\\\")


def bus_service(text: str, programs: Path) -> str:
    """A D-Bus service file; its `Exec=` is split as a shell would."""
    return _PROGRAM.sub(lambda found: shlex.quote(str(programs / found[1])), text)
