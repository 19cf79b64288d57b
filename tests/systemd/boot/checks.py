"""Runs in the booted system, as root: logs a person in, has them set Ingle up, and lets it fall.

It judges nothing. What it sees goes to /out/seen.json, a chapter at a time, for `test_boot.py`.
Nothing waits for time: a request that systemd's socket holds is answered by the daemon that comes
next, however long that takes. Standard library only.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from person import (
    AS_PERSON,
    DAEMON,
    DESKTOP,
    ENVIRON,
    HOME,
    INGLE,
    OUT,
    PLUGINS,
    PYTHON,
    RUNTIME,
    SOCKET,
    UID,
    Listening,
    ask,
    doctor,
    drop_in,
    ingle,
    lines,
    log_in_again,
    namespaces,
    person,
    pid,
    running,
    show,
    state_of,
    status_of,
    tree,
    user,
)

SHORT = "[Unit]\nStartLimitBurst=100\n[Service]\nWatchdogSec=4\nRestartSec=1\n"
PROBES = "/opt/ingle-boot/probes.py"
SESSION = (
    "[Unit]\nBindsTo=graphical-session.target\nAfter=graphical-session.target ingle-desktop.service\n"
)


def boot() -> Any:
    """Before anything of Ingle is there."""
    models = HOME / ".local/share/ingle/models"
    person("mkdir", "-p", str(models))
    shutil.copy(OUT / "tiny.gguf", models / "smollm2-135m-instruct.gguf")
    return {
        "failed": subprocess.run(
            ["systemctl", "--failed", "--plain", "--no-legend"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout,
        "manager": user("is-system-running", "--wait"),
        "tree": tree(),
    }


def set_up() -> Any:
    first = ingle("setup", "--yes", "--plugins", PLUGINS)
    seen = {
        "first": first,
        "enabled": {unit: user("is-enabled", unit) for unit in (SOCKET, DAEMON, DESKTOP)},
    }
    drop_in(DAEMON, "short", SHORT)
    drop_in(DESKTOP, "short", SHORT)
    return seen


def login() -> Any:
    """Out and in again: it is there without anybody asking for it."""
    manager = log_in_again()
    return {
        "manager": manager,
        "journal": lines("USER_UNIT=ingle.service"),
        "socket": show(SOCKET, "ActiveState"),
        "daemon": show(DAEMON, "ActiveState", "NRestarts"),
        "desktop": show(DESKTOP, "ActiveState", "ConditionResult"),
        "mode": [
            oct((RUNTIME / "ingle").stat().st_mode),
            oct((RUNTIME / "ingle/ingle.sock").stat().st_mode),
        ],
        "answer": ask(),
        "doctor": [*doctor("autostart"), *doctor("sandbox")],
        "again": ingle("setup", "--yes", "--plugins", PLUGINS),
    }


def sandbox() -> Any:
    """The same acts beside the sandbox and in it; the directories have to come back by themselves."""
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0ingle-boot")
    abstract.listen()
    shutil.rmtree(HOME / ".cache/ingle")
    probe = f"ExecStartPost={PYTHON} -I {PROBES} %h/.local/state/ingle/inside"
    drop_in(DAEMON, "probe", f"[Service]\n{probe}\n")
    user("daemon-reload")
    user("restart", SOCKET)
    user("start", DAEMON)
    inside = json.loads((HOME / ".local/state/ingle/inside").read_text())
    (HOME / f".config/systemd/user/{DAEMON}.d/probe.conf").unlink()
    user("daemon-reload")
    beside = (
        "systemd-run",
        "--user",
        "--quiet",
        "--wait",
        "--pipe",
        PYTHON,
        "-I",
        PROBES,
    )
    network = ("nsenter", f"--target={pid()}", "--net", PYTHON, "-I", PROBES)
    in_network = json.loads(subprocess.run(network, env=ENVIRON, capture_output=True, check=True).stdout)
    return {
        "outside": json.loads(person(*beside).stdout),
        "inside": inside | {name: in_network[name] for name in ("reach an abstract socket",)},
        "main": status_of(pid()),
        "sees": namespaces(pid()),
        "own": namespaces(os.getpid()),
        "loads": show(DAEMON, "OOMPolicy", "KillMode", "WatchdogUSec"),
        "model": ingle("rpc", "assistant.generate", '{"prompt": "a", "max_tokens": 4}'),
        "root": subprocess.run(
            [INGLE, "--json", "--no-start", "--socket", RUNTIME / "ingle/ingle.sock", "status"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout,
    }


def activation() -> Any:
    """`ingle stop` ends it; to look does not start it, a request does."""
    before = pid()
    stopped = ingle("stop")
    state = show(DAEMON, "ActiveState", "Result")
    looked = {
        name: ingle(*name.split())["code"]
        for name in ("status", "pause", "--no-start rpc daemon.status")
    }
    still = show(DAEMON, "ActiveState")
    return {
        "before": before,
        "stopped": stopped,
        "state": state,
        "looked": looked,
        "still": still,
        "answer": ask(),
    }


def crash() -> Any:
    before = pid()
    os.kill(before, signal.SIGABRT)
    return {"before": before, "answer": ask(), "unit": show(DAEMON, "NRestarts", "ActiveState")}


def hang() -> Any:
    """Nobody accepts; the watchdog ends it, and the next one answers the request that waits."""
    before = pid()
    os.kill(before, signal.SIGSTOP)
    return {"before": before, "answer": ask(), "unit": show(DAEMON, "NRestarts", "ActiveState")}


def reloading() -> Any:
    """What comes of it stands in the journal."""
    config = HOME / ".config/ingle/config.toml"
    person("mkdir", "-p", str(config.parent))
    config.write_text("[context]\nkeep_items = 7\n")
    return {"said": user("reload", DAEMON), "unit": show(DAEMON, "ActiveState")}


def configuration() -> Any:
    """A mistake in config.toml: no other start would mend it."""
    config = HOME / ".config/ingle/config.toml"
    config.write_text("[daemon]\nnonsense = 1\n")
    user("restart", DAEMON)
    wrong = show(DAEMON, "ActiveState", "Result", "ExecMainStatus", "NRestarts")
    asked = ingle("rpc", "daemon.status")
    found = doctor("configuration")
    config.unlink()
    again = ingle("setup", "--yes", "--plugins", PLUGINS)
    return {
        "unit": wrong,
        "asked": asked,
        "doctor": found,
        "again": again,
        "answer": ask(),
    }


def files() -> Any:
    """A plugin beside the hardened daemon: it reads what is dropped into a folder of the home."""
    plugin = running("files")
    with Listening("context") as telling:
        person("sh", "-c", "echo It is due on Friday. > ~/Ingle\\ Drop/letter.txt")
        item = telling.until(lambda event: event["name"] == "item.added")
    (HOME / "Ingle Drop/letter.txt").unlink()
    return {"plugin": plugin, "item": item}


def desktop() -> Any:
    """A session that reaches graphical-session.target, and ends."""
    seen: dict[str, Any] = {
        "without a screen": user("start", DESKTOP),
        "state": show(DESKTOP, "ActiveState"),
        "plugin before": state_of("clipboard"),
    }
    sessions = HOME / ".config/systemd/user/session.target"
    sessions.write_text(SESSION)
    user("daemon-reload")
    user("set-environment", f"DISPLAY={DISPLAY}")
    seen["start"] = user("start", "session.target")
    seen["started"] = show(DESKTOP, "ActiveState", "MainPID", "Result")
    seen["plugins"] = [running("clipboard"), running("dbus")]
    seen["hosts"] = [namespaces(plugin["pid"]) for plugin in seen["plugins"] if plugin.get("pid")]
    seen["status"] = show(DESKTOP, "StatusText")
    seen["at login"] = person(INGLE, "setup", "--at-login", DISPLAY=DISPLAY).returncode
    seen["same"] = show(DESKTOP, "MainPID")
    user("stop", "session.target", "graphical-session.target")
    seen["ended"] = show(DESKTOP, "ActiveState", "Result")
    return seen


def bus_activation() -> Any:
    """Somebody calls the name on the session bus while nothing of the desktop's part runs."""
    name = "io.github.ingle.Ingle"
    words = ("busctl", "--user", "get-property", name, "/io/github/ingle/Ingle", name, "State")
    asked = person(*words)
    seen = {"out": asked.stdout, "err": asked.stderr, "unit": show(DESKTOP, "ActiveState")}
    user("stop", DESKTOP)
    user("unset-environment", "DISPLAY")
    return seen


def other_desktop() -> Any:
    """A session that does not: its autostart file has the unit started, with its display."""
    at_login = person(INGLE, "setup", "--at-login", DISPLAY=DISPLAY)
    started = show(DESKTOP, "ActiveState", "MainPID", "Result")
    environ = Path(f"/proc/{started['MainPID']}/environ").read_bytes()
    user("stop", DESKTOP)
    user("unset-environment", "DISPLAY")
    return {
        "code": at_login.returncode,
        "err": at_login.stderr,
        "started": started,
        "display": f"DISPLAY={DISPLAY}\0".encode() in environ,
    }


def forbidden() -> Any:
    """A machine that lets nobody make namespaces, as Ubuntu's AppArmor does; then it is allowed again."""
    folder = Path(f"/etc/systemd/system/user@{UID}.service.d")
    folder.mkdir()
    (folder / "forbidden.conf").write_text("[Service]\nRestrictNamespaces=~user\n")
    log_in_again()
    seen: dict[str, Any] = {"failed": show(DAEMON, "ActiveState", "ExecMainStatus")}
    seen["set up"] = ingle("setup", "--yes", "--plugins", PLUGINS)
    seen["answer"] = ask()
    seen["status"] = status_of(pid())
    seen["doctor"] = doctor("sandbox")
    shutil.rmtree(folder)
    log_in_again()
    ingle("setup", "--yes", "--plugins", PLUGINS)
    seen["allowed again"] = status_of(pid())
    return seen


def stop() -> Any:
    user("stop", DESKTOP, SOCKET, DAEMON)
    return {
        "daemon": show(DAEMON, "ActiveState", "Result"),
        "socket": (RUNTIME / "ingle/ingle.sock").exists(),
    }


def remove() -> Any:
    for unit in (DAEMON, DESKTOP):
        shutil.rmtree(HOME / f".config/systemd/user/{unit}.d")
    (HOME / ".config/systemd/user/session.target").unlink()
    removed = ingle("setup", "--remove")
    return {"removed": removed, "state": show(DAEMON, "LoadState"), "tree": tree()}


def journal() -> Any:
    """And the file, which is there whoever has started the daemon."""
    return {
        "file": (HOME / ".local/state/ingle/ingled.log").read_text().splitlines(),
        "daemon": lines("_SYSTEMD_USER_UNIT=ingle.service"),
        "systemd": lines("USER_UNIT=ingle.service"),
        "desktop": lines(
            "_SYSTEMD_USER_UNIT=ingle-desktop.service", "+", "USER_UNIT=ingle-desktop.service"
        ),
    }


CHAPTERS: tuple[Callable[[], Any], ...] = (
    boot, set_up, login, sandbox, activation, crash, hang, reloading, configuration, files, desktop, bus_activation, other_desktop, forbidden, stop, remove, journal
)  # fmt: skip

if __name__ == "__main__":
    display = subprocess.Popen(
        [*AS_PERSON, "Xvfb", "-displayfd", "1", "-nolisten", "tcp"],
        env=ENVIRON,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert display.stdout is not None
    DISPLAY = f":{display.stdout.readline().strip()}"
    seen: dict[str, Any] = {}
    for chapter in CHAPTERS:
        print(f"== {chapter.__name__}", flush=True)
        try:
            seen[chapter.__name__] = chapter()
        except Exception:
            seen[chapter.__name__] = {"broken": traceback.format_exc()}
            traceback.print_exc(file=sys.stdout)
        (OUT / "seen.json").write_text(json.dumps(seen, indent=1))
