"""A real systemd as PID 1, in namespaces: a person logs in, and what `ingle setup` installed has to live.

`boot/checks.py` runs in there, once; every test here looks at a chapter of what it saw. It takes
root, and namespaces, cgroups and an overlay that may be mounted: the machine itself is not touched.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import missing
from ingle.cli.installing.table import UNITS

BOOT = Path(__file__).parent / "boot"
ROOT = Path(__file__).resolve().parents[2]
GROUPS = [Path("/sys/fs/cgroup", name) for name in ("unified", "systemd", "")]
PATIENCE_S = 240
NEEDED = {
    "systemd": Path("/lib/systemd/systemd"),
    "dbus-user-session": Path("/usr/lib/systemd/user/dbus.socket"),
    "libpam-systemd": Path("/usr/share/pam-configs/systemd"),
    "setpriv": Path("/usr/bin/setpriv"),
    "Xvfb": Path("/usr/bin/Xvfb"),
}

pytestmark = pytest.mark.timeout(PATIENCE_S + 30)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> dict[str, Any]:
    """Boot, let it run to its end, and give what was seen, by chapter."""
    for name, path in NEEDED.items():
        if not path.exists():
            missing(name)
    if os.geteuid() != 0:
        missing("root (to boot systemd in namespaces)")
    out = tmp_path_factory.mktemp("boot") / "out"
    out.mkdir()
    shutil.copy(tiny_model, out / "tiny.gguf")
    said = _boot(out)
    file = out / "seen.json"
    assert file.exists(), (
        f"nothing was seen\n{said}\n{_tail(out / 'console.log')}\n{_tail(out / 'checks.log')}"
    )
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def _boot(out: Path) -> str:
    group = f"ingle.boot.{os.getpid()}"
    environ = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "OUT": str(out),
        "CGROUP": group,
        "CHECKOUT": str(ROOT),
        "PREFIX": sys.base_prefix,
        "PYTHON": str(Path(sys.prefix) / "bin/python3"),
    }
    try:
        return subprocess.run(
            [BOOT / "boot.sh"], env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
        ).stderr  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"it did not end within {PATIENCE_S} s"
    finally:
        for tree in GROUPS:
            for folder in sorted((tree / group).rglob("*/"), reverse=True):
                folder.rmdir()
            if (tree / group).is_dir():
                (tree / group).rmdir()


def _tail(file: Path) -> str:
    return (
        "\n".join(file.read_text(errors="replace").splitlines()[-40:]) if file.exists() else "(no log)"
    )


def test_nothing_broke_while_it_was_looked_at(seen: dict[str, Any]):
    assert {name: chapter["broken"] for name, chapter in seen.items() if "broken" in chapter} == {}
    assert seen["boot"]["failed"] == ""
    assert seen["boot"]["manager"] == "running"


def test_the_set_up_enables_and_starts_the_units(seen: dict[str, Any]):
    first = seen["set_up"]["first"]
    assert (first["code"], first["err"]) == (0, "")
    steps = {step["what"]: step["action"] for step in first["out"]["steps"]}
    assert steps["ingle.service"] == "start"
    assert seen["set_up"]["enabled"] == dict.fromkeys(UNITS, "enabled")


def test_after_login_it_is_there_and_answers(seen: dict[str, Any]):
    login = seen["login"]
    assert login["manager"] == "running"
    assert login["socket"] == {"ActiveState": "active"}
    assert login["daemon"] == {"ActiveState": "active", "NRestarts": "0"}
    assert login["answer"]["pid"] == login["answer"]["main"] != 0
    assert login["mode"] == ["0o40700", "0o140600"]


def test_systemd_leaves_out_none_of_the_lines(seen: dict[str, Any]):
    lines = seen["login"]["journal"]
    assert any("Started" in line for line in lines)
    assert [line for line in lines if "ignoring" in line or "Failed" in line] == []


def test_without_a_screen_the_desktops_part_does_not_start(seen: dict[str, Any]):
    assert seen["login"]["desktop"]["ActiveState"] == "inactive"
    assert seen["desktop"]["state"] == {"ActiveState": "inactive"}


def test_a_second_set_up_does_nothing(seen: dict[str, Any]):
    assert seen["login"]["again"]["out"]["changed"] is False


def test_the_doctor_sees_the_units(seen: dict[str, Any]):
    assert [(line["name"], line["level"]) for line in seen["login"]["doctor"]] == [
        ("autostart", "ok"),
        ("sandbox", "ok"),
    ]


def test_once_stopped_it_is_started_by_a_request_and_by_nothing_less(seen: dict[str, Any]):
    chapter = seen["activation"]
    assert chapter["stopped"]["out"] == {"ok": True, "was_running": True}
    assert chapter["state"] == {"ActiveState": "inactive", "Result": "success"}
    assert set(chapter["looked"].values()) == {3}
    assert chapter["still"] == {"ActiveState": "inactive"}
    assert chapter["answer"]["pid"] == chapter["answer"]["main"] not in {0, chapter["before"]}


@pytest.mark.parametrize("chapter", ["crash", "hang"])
def test_it_is_brought_back_and_the_request_that_waited_is_answered(seen: dict[str, Any], chapter: str):
    fall = seen[chapter]
    assert fall["answer"]["code"] == 0, fall["answer"]["err"]
    assert fall["answer"]["pid"] == fall["answer"]["main"] not in {0, fall["before"]}
    assert fall["unit"]["ActiveState"] == "active"
    assert int(fall["unit"]["NRestarts"]) >= 1


def test_a_mistake_in_the_configuration_is_said_and_no_restart_tried(seen: dict[str, Any]):
    chapter = seen["configuration"]
    assert chapter["unit"]["ActiveState"] == "failed"
    assert chapter["unit"]["ExecMainStatus"] == "78"
    assert chapter["asked"]["code"] != 0
    assert any("config.toml:2" in finding["message"] for finding in chapter["doctor"])
    assert chapter["again"]["code"] == 0
    assert chapter["answer"]["pid"] == chapter["answer"]["main"] != 0


# ---- the sandbox, line by line

NO, READ_ONLY, BARRED = "Operation not permitted", "Read-only file system", "Permission denied"
UNSUPPORTED = "Address family not supported by protocol"
SHOWN: dict[str, dict[str, str]] = {
    "ProtectSystem": {"write outside home": READ_ONLY, "write in /tmp": READ_ONLY},
    "ProtectHome": {
        "write in home": READ_ONLY,
        "write in config": READ_ONLY,
        "write elsewhere in the runtime directory": READ_ONLY,
        "read home": "yes",
    },
    "ReadWritePaths": {
        "write in data": "yes",
        "write in state": "yes",
        "write in cache": "yes",
        "write beside the socket": "yes",
    },
    "PrivateNetwork": {"reach an abstract socket": "Connection refused"},
    "RestrictAddressFamilies": {
        "open AF_UNIX": "yes",
        "open AF_INET": UNSUPPORTED,
        "open AF_INET6": UNSUPPORTED,
        "open AF_NETLINK": UNSUPPORTED,
    },
    "InaccessiblePaths": {
        "reach the session bus": BARRED,
        "reach systemd": BARRED,
        "reach the system bus": BARRED,
    },
    "NoNewPrivileges": {"become root by a setuid program": "uid 1500", "no new privileges": "1"},
    "PrivateUsers": {"see root as owner": "as nobody", "use a device by its group": "yes"},
    "CapabilityBoundingSet": {"capabilities to be had": "0000000000000000"},
    "RestrictSUIDSGID": {"make a setuid file": NO},
    "RestrictNamespaces": {"make a namespace": NO},
    "RestrictRealtime": {"run in real time": NO},
    "LockPersonality": {"change personality": NO},
    "SystemCallArchitectures": {"call as another architecture": "SIGSYS"},
    "SystemCallFilter": {
        "be traced": NO,
        "filter of system calls": "2",
        "restrict itself further": "yes",
    },
    "SystemCallErrorNumber": {"be traced": NO},
    "ProtectKernelTunables": {"kernel settings": "read-only"},
    "ProtectKernelModules": {"see kernel modules": BARRED},
    "ProtectKernelLogs": {"open the kernel's log": BARRED},
    "ProtectControlGroups": {"change control groups": READ_ONLY},
    "ProtectHostname": {"name of the machine": "another"},
    "UMask": {"mask of new files": "0077"},
    "Environment": {"GPU cache": "/home/ingle-person/.cache/ingle/cuda"},
}
"""Setting -> what it changes: an act and its outcome inside. Outside of it every act succeeds."""

ELSEWHERE = {
    "Type", "NotifyAccess", "ExecStart", "ExecReload", "Restart", "RestartSec", "RestartPreventExitStatus",
    "WatchdogSec", "TimeoutStopSec", "KillMode", "OOMPolicy",
}  # fmt: skip
"""What the other tests look at, or nothing can be seen of."""


def test_every_line_of_the_service_is_looked_at():
    text = (ROOT / "systemd/ingle.service").read_text()
    section = re.search(r"^\[Service\]$(.*?)^\[", text, re.MULTILINE | re.DOTALL)
    assert section
    settings = set(re.findall(r"^(\w+)=", section[1], re.MULTILINE))
    assert settings == set(SHOWN) | ELSEWHERE


@pytest.mark.parametrize("setting", SHOWN)
def test_what_a_line_is_for_works_outside_and_not_inside(seen: dict[str, Any], setting: str):
    inside, outside = seen["sandbox"]["inside"], seen["sandbox"]["outside"]
    for act, outcome in SHOWN[setting].items():
        if outcome == "another":
            assert inside[act] != outside[act]
            continue
        assert inside[act] == outcome, act
        if outside[act] == outcome == "yes":
            continue
        assert outside[act] != outcome, act


ALLOWED_OUTSIDE = {act for acts in SHOWN.values() for act, outcome in acts.items() if outcome != "another"} - {
    "capabilities to be had", "no new privileges", "filter of system calls", "mask of new files", "GPU cache",
}  # fmt: skip


def test_outside_of_the_sandbox_all_of_it_works(seen: dict[str, Any]):
    """The control: what fails inside does not fail for some other reason."""
    outside = seen["sandbox"]["outside"]
    assert {act: outside[act] for act in ALLOWED_OUTSIDE if outside[act] != "yes"} == {}


def test_the_engine_works_in_there(seen: dict[str, Any]):
    answer = seen["sandbox"]["model"]
    assert (answer["code"], answer["err"]) == (0, "")
    assert answer["out"]["usage"]["output_tokens"] > 0


def test_the_daemon_itself_is_in_there(seen: dict[str, Any]):
    chapter = seen["sandbox"]
    assert chapter["main"] == {"CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
    for kind, own in chapter["own"].items():
        assert chapter["sees"][kind] != own
    assert chapter["loads"]["OOMPolicy"] == "continue"


# ---- the desktop


def test_the_desktops_part_comes_and_goes_with_the_graphical_session(seen: dict[str, Any]):
    chapter = seen["desktop"]
    assert chapter["start"] == ""
    assert chapter["started"]["ActiveState"] == "active"
    assert chapter["ended"] == {"ActiveState": "inactive", "Result": "success"}


def test_the_autostart_file_leaves_it_to_systemd(seen: dict[str, Any]):
    chapter = seen["desktop"]
    assert chapter["at login"] == 0
    assert chapter["same"]["MainPID"] == chapter["started"]["MainPID"]


def test_where_no_graphical_session_is_reached_the_autostart_file_starts_the_unit(seen: dict[str, Any]):
    chapter = seen["other_desktop"]
    assert (chapter["code"], chapter["started"]["ActiveState"]) == (0, "active"), chapter["err"]
    assert chapter["display"]


def test_plugins_run_in_the_session_outside_of_the_sandbox(seen: dict[str, Any]):
    chapter = seen["desktop"]
    assert chapter["plugin before"]["state"] == "waiting"
    assert [plugin["state"] for plugin in chapter["plugins"]] == ["running", "running"], chapter[
        "plugins"
    ]
    own = seen["sandbox"]["own"]
    assert chapter["hosts"] == [own, own]


def test_a_plugin_beside_the_daemon_reads_what_is_dropped_into_the_home(seen: dict[str, Any]):
    chapter = seen["files"]
    assert chapter["plugin"]["state"] == "running", chapter["plugin"]
    assert chapter["item"]["item"]["title"] == "letter.txt"


def test_a_call_on_the_session_bus_starts_the_desktops_part(seen: dict[str, Any]):
    chapter = seen["bus_activation"]
    assert chapter["out"].startswith("s "), chapter["err"]
    assert chapter["unit"] == {"ActiveState": "active"}


# ---- a machine that forbids half of it


def test_without_namespaces_the_rest_of_the_sandbox_stays_and_it_is_said(seen: dict[str, Any]):
    chapter = seen["forbidden"]
    assert chapter["failed"]["ActiveState"] != "active"
    assert chapter["set up"]["code"] == 0, chapter["set up"]["err"]
    assert any("sandbox is off" in step["note"] for step in chapter["set up"]["out"]["steps"])
    assert chapter["answer"]["pid"] == chapter["answer"]["main"] != 0
    assert (chapter["status"]["NoNewPrivs"], chapter["status"]["Seccomp"]) == ("1", "2")
    assert [line["level"] for line in chapter["doctor"]] == ["warn"]


def test_once_they_are_allowed_the_sandbox_is_whole_again(seen: dict[str, Any]):
    assert seen["forbidden"]["allowed again"] == seen["sandbox"]["main"]


# ---- the end


def test_it_stops_in_order(seen: dict[str, Any]):
    assert seen["stop"]["daemon"] == {"ActiveState": "inactive", "Result": "success"}
    assert seen["stop"]["socket"] is False


def test_taking_it_back_leaves_nothing_but_what_the_daemon_kept(seen: dict[str, Any]):
    removed = seen["remove"]["removed"]
    assert (removed["code"], removed["err"]) == (0, "")
    assert seen["remove"]["state"] == {"LoadState": "not-found"}
    more = set(seen["remove"]["tree"]) - set(seen["boot"]["tree"])
    ours = {name for name in more if "ingle" in name.lower()}
    assert {
        name
        for name in ours
        if not name.startswith(
            (".local/share/ingle", ".local/state/ingle", ".cache/ingle", ".config/ingle")
        )
    } == set()


@pytest.mark.parametrize("kept", ["daemon", "file"])
def test_the_journal_has_the_daemons_log_and_so_has_its_file(seen: dict[str, Any], kept: str):
    lines = seen["journal"][kept]
    assert any("serving /run/user/1500/ingle/ingle.sock" in line for line in lines)
    assert any("stopped" in line for line in lines)
    assert any("reloaded; changed: context" in line for line in lines)
    assert not any("Traceback" in line for line in lines)


def test_the_journal_has_what_systemd_says_of_the_daemon(seen: dict[str, Any]):
    assert any("Watchdog timeout" in line for line in seen["journal"]["systemd"])
