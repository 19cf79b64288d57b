"""The person's configuration: read once, checked strictly, frozen, handed out by slice.

No other module sees the file. An unknown key or a wrong value is a `ConfigError` that names
the line; `daemon.reload` reads anew and applies everything or nothing.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from ingle.errors import ConfigError

Positive = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class DaemonConfig(_Section, frozen=True):
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class LimitsConfig(_Section, frozen=True):
    """What one client may take, so that none can starve the others."""

    frame_bytes: Annotated[int, msgspec.Meta(ge=4096, le=64 * 1024 * 1024)] = 1024 * 1024
    connections: Positive = 256
    requests_per_connection: Positive = 64
    frame_deadline_s: Seconds = 10.0
    """A frame that was begun must be whole by then; an idle connection may stay for ever."""
    write_deadline_s: Seconds = 10.0
    """A client that does not read for so long is dropped."""


class ModelConfig(_Section, frozen=True):
    name: str = ""
    """Empty: the one chosen with `ingle model use`, or else the embedded one."""
    embedder: str = ""
    """The model that turns texts into vectors (`engine.embed`); "" for none."""


class EngineConfig(_Section, frozen=True):
    n_ctx: Count = 0
    """Tokens shared by all slots; 0 fits the model and the memory."""
    slots: Annotated[int, msgspec.Meta(ge=1, le=64)] = 4
    threads: Count = 0
    """0 tries out at load what is fastest on this machine."""
    gpu_layers: Annotated[int, msgspec.Meta(ge=-1)] = -1
    """-1 puts all that fits on the GPU; 0 stays on the CPU."""
    device: str = "auto"
    """A GPU by its name in `ingle doctor` ("CUDA1"); "auto" takes the one with most room."""
    kv_type: Literal["auto", "f16", "q8_0", "q4_0"] = "auto"
    """What the context is kept in; "auto" takes f16, and q8_0 where that brings it onto the GPU."""
    flash: Literal["auto", "on", "off"] = "auto"
    """Flash attention; "auto" leaves it to llama.cpp."""
    twin: str = ""
    """A model that answers from the CPU while the resident one is parked or loading; "" for none."""
    queue: Positive = 256
    """Requests that may wait; one more is answered `busy`."""

    def __post_init__(self) -> None:
        if self.flash == "off" and self.kv_type in ("q8_0", "q4_0"):
            raise ValueError(
                f'kv_type = "{self.kv_type}" needs flash attention, and flash = "off" forbids it'
            )


class ContextConfig(_Section, frozen=True):
    """What plugins may send and how long it is remembered (in memory only)."""

    max_item_bytes: Positive = 8 * 1024 * 1024
    keep_items: Positive = 50
    keep_minutes: Positive = 120
    summarize_kinds: tuple[str, ...] = ("clipboard", "file")
    summarize_min_chars: Positive = 400
    """Shorter texts are their own summary."""


class SkillsConfig(_Section, frozen=True):
    allow_weak: bool = False
    """Run a skill even where the model was measured to be too small for it."""


class Config(_Section, frozen=True):
    daemon: DaemonConfig = DaemonConfig()
    limits: LimitsConfig = LimitsConfig()
    model: ModelConfig = ModelConfig()
    engine: EngineConfig = EngineConfig()
    context: ContextConfig = ContextConfig()
    skills: SkillsConfig = SkillsConfig()
    plugins: dict[str, dict[str, Any]] = {}
    """`[plugins.NAME]`: checked against the plugin's manifest by `plughost`."""


def load(path: Path) -> Config:
    """Read `path`; a missing file means the defaults.

    Raises `ConfigError` with file, line and reason.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return parse(text, str(path))


def parse(text: str, name: str = "config.toml") -> Config:
    """Like `load`, from a text; `name` stands in the errors."""
    try:
        return msgspec.convert(tomllib.loads(text), Config)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from None
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at ")
        line = _line_of(text, where.strip("`"), _unknown_key(reason))
        raise ConfigError(f"{name}:{line}: {_plain(reason, where)}") from None


def _unknown_key(reason: str) -> str | None:
    found = re.search(r"unknown field `([^`]+)`", reason)
    return found[1] if found else None


def _plain(reason: str, where: str) -> str:
    key = _unknown_key(reason)
    section = where.strip("`").removeprefix("$").removeprefix(".")
    if key:
        return f"unknown key {'.'.join(filter(None, (section, key)))!r}"
    return f"{section}: {reason[0].lower()}{reason[1:]}"


def _line_of(text: str, where: str, key: str | None) -> int:
    """The line of the offending key: tomllib keeps no positions, so the text is looked through."""
    names = [part for part in where.removeprefix("$").split(".") if part]
    if key:
        names.append(key)
    section, wanted = ".".join(names[:-1]), names[-1] if names else ""
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            current = header[1]
            if current == ".".join(names):
                return number
        elif current == section and re.match(rf"\s*[\"']?{re.escape(wanted)}[\"']?\s*[=.]", line):
            return number
    return 1
