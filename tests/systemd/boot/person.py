"""A person on the booted system: what they run, ask and hear. Standard library only."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

UID, USER = 1500, "ingle-person"
HOME, RUNTIME, OUT = Path(f"/home/{USER}"), Path(f"/run/user/{UID}"), Path("/out")
PYTHON = os.environ["PYTHON"]
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
