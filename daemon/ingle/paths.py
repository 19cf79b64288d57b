"""Where things live (XDG base directories). Besides `config` no other module reads the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingle.errors import ConfigError

SOCKET_PATH_LIMIT = 107
"""Bytes in `sockaddr_un.sun_path` less the terminator (unix(7)); a longer path cannot be bound."""


@dataclass(frozen=True)
class Paths:
    """Every directory and file that Ingle owns, absolute. Nothing is created here."""

    config: Path
    data: Path
    state: Path
    cache: Path
    runtime: Path
    socket: Path

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def skills(self) -> Path:
        """Where people keep skills of their own."""
        return self.config / "skills"

    @property
    def models(self) -> Path:
        return self.data / "models"

    @property
    def plugins(self) -> Path:
        """Where people install plugins of their own."""
        return self.data / "plugins"

    @property
    def prefixes(self) -> Path:
        """Where the engine keeps the skills' beginnings of prompts as it has computed them."""
        return self.cache / "prefixes"

    @property
    def log_file(self) -> Path:
        return self.state / "ingled.log"

    @property
    def approvals(self) -> Path:
        """Which plugins the person enabled, with the manifest hash and the grants they approved."""
        return self.state / "plugins.json"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Paths":
        """Resolve the XDG base directories; relative values are ignored, as the specification says.

        Raises `ConfigError` when the socket's path is too long to be bound.
        """
        env = os.environ if environ is None else environ
        home = Path(env.get("HOME") or Path.home())
        state = _base(env, "XDG_STATE_HOME", home / ".local/state")
        runtime = _runtime(env, state)
        socket = Path(env["INGLE_SOCKET"]) if env.get("INGLE_SOCKET") else runtime / "ingle.sock"
        _check_length(socket)
        return cls(
            config=_base(env, "XDG_CONFIG_HOME", home / ".config"),
            data=_base(env, "XDG_DATA_HOME", home / ".local/share"),
            state=state,
            cache=_base(env, "XDG_CACHE_HOME", home / ".cache"),
            runtime=runtime,
            socket=socket.absolute(),
        )


def _base(env: Mapping[str, str], name: str, default: Path) -> Path:
    value = Path(env.get(name) or "")
    return (value if value.is_absolute() else default) / "ingle"


def _runtime(env: Mapping[str, str], state: Path) -> Path:
    """`$XDG_RUNTIME_DIR/ingle`; without a login session the state directory serves, never /tmp."""
    for base in (env.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if base and Path(base).is_absolute() and Path(base).is_dir():
            return Path(base) / "ingle"
    return state / "run"


def _check_length(socket: Path) -> None:
    if len(os.fsencode(socket)) > SOCKET_PATH_LIMIT:
        raise ConfigError(
            f"the socket path is over {SOCKET_PATH_LIMIT} bytes: {socket}",
            "set INGLE_SOCKET to a shorter path",
        )
