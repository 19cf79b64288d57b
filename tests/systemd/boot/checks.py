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

UID, USER = 1500, "ingle-person"
HOME, RUNTIME, OUT = Path(f"/home/{USER}"), Path(f"/run/user/{UID}"), Path("/out")
CHECKOUT, PYTHON = Path(os.environ["CHECKOUT"]), os.environ["PYTHON"]
INGLE = str(Path(PYTHON).with_name("ingle"))
DAEMON, SOCKET, DESKTOP = "ingle.service", "ingle.socket", "ingle-desktop.service"
AS_PERSON = ("setpriv", f"--reuid={UID}", f"--regid={UID}", "--init-groups")
PLUGINS = "clipboard,dbus,files"
PATIENCE_S = 100.0
ENVIRON = {
    "HOME": str(HOME),
    "USER": USER,
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "XDG_RUNTIME_DIR": str(RUNTIME),
    "PYTHONDONTWRITEBYTECODE": "1",
}
SHORT = "[Unit]\nStartLimitBurst=100\n[Service]\nWatchdogSec=4\nRestartSec=1\n"
PROBES = "/opt/ingle-boot/probes.py"
SESSION = (
    "[Unit]\nBindsTo=graphical-session.target\nAfter=graphical-session.target ingle-desktop.service\n"
)


def person(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run something as the person who is logged in."""
    return subprocess.run(
        [*AS_PERSON, *command],
        env={**ENVIRON, **more},
        cwd=HOME,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def ingle(*words: str, **more: str) -> dict[str, Any]:
    done = person(INGLE, "--json", *words, **more)
    return {"code": done.returncode, "out": _values(done.stdout), "err": done.stderr}


def _values(out: str) -> Any:
    values = [json.loads(line) for line in out.splitlines() if line.startswith(("{", "["))]
    return values[-1] if values else out


def user(*words: str) -> str:
    done = person("systemctl", "--user", "--no-pager", *words)
    return (done.stdout or done.stderr).strip()


def show(unit: str, *names: str) -> dict[str, str]:
    return {name: user("show", "--property", name, "--value", unit) for name in names}


def pid() -> int:
    return int(show(DAEMON, "MainPID")["MainPID"])


def ask() -> dict[str, Any]:
    """A request that waits at the socket until a daemon takes it; gives who answered."""
    status = ingle("rpc", "daemon.status")
    answered = status["out"] if isinstance(status["out"], dict) else {}
    return {"pid": answered.get("pid"), "main": pid(), "code": status["code"], "err": status["err"]}


class Listening:
    """What the daemon tells, from now on."""

    def __init__(self, *topics: str) -> None:
        words = (*AS_PERSON, PYTHON, "/opt/ingle-boot/listening.py", *topics)
        self._process = subprocess.Popen(words, env=ENVIRON, cwd=HOME, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        assert self._lines.readline() == "ready\n"

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event that is wanted."""
        return next(event["data"] for event in map(json.loads, self._lines) if wanted(event))

    def __enter__(self) -> "Listening":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def state_of(plugin: str) -> dict[str, Any]:
    plugins = person(INGLE, "--json", "plugin", "list").stdout
    return next(each for each in json.loads(plugins) if each["name"] == plugin)


def running(plugin: str) -> dict[str, Any]:
    """How a plugin is once it runs or has failed."""
    settled = {"running", "failed", "disabled"}
    with Listening("plugin") as telling:
        now = state_of(plugin)
        if now["state"] in settled:
            return now
        return telling.until(
            lambda event: event["data"].get("name") == plugin and event["data"]["state"] in settled
        )


def drop_in(unit: str, name: str, text: str) -> None:
    folder = HOME / ".config/systemd/user" / f"{unit}.d"
    person("mkdir", "-p", str(folder))
    (folder / f"{name}.conf").write_text(text)


def namespaces(process: int) -> dict[str, str]:
    folder = Path(f"/proc/{process}/ns")
    return {kind: str((folder / kind).readlink()) for kind in ("net", "user", "uts", "mnt")}


def status_of(process: int) -> dict[str, str]:
    rows = dict(line.split(":\t") for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return {name: rows[name].strip() for name in ("CapBnd", "NoNewPrivs", "Seccomp")}


def log_in_again() -> str:
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "restart", f"user@{UID}.service"], check=True)
    return user("is-system-running", "--wait")


def lines(*words: str) -> list[str]:
    command = ["journalctl", "--no-pager", "-o", "cat", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def doctor(name: str) -> list[dict[str, str]]:
    lines = map(json.loads, person(INGLE, "--json", "doctor").stdout.splitlines())
    return [line for line in lines if line["name"] == name]


def tree() -> list[str]:
    return sorted(str(path.relative_to(HOME)) for path in HOME.rglob("*"))


# ---- the chapters, in this order


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


def configuration() -> Any:
    """A mistake in config.toml: no other start would mend it."""
    config = HOME / ".config/ingle/config.toml"
    person("mkdir", "-p", str(config.parent))
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
    return {
        "daemon": lines("_SYSTEMD_USER_UNIT=ingle.service"),
        "systemd": lines("USER_UNIT=ingle.service"),
        "desktop": lines(
            "_SYSTEMD_USER_UNIT=ingle-desktop.service", "+", "USER_UNIT=ingle-desktop.service"
        ),
    }


CHAPTERS: tuple[Callable[[], Any], ...] = (
    boot, set_up, login, sandbox, activation, crash, hang, configuration, files, desktop, bus_activation, other_desktop, forbidden, stop, remove, journal
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
