"""What a process can do where it runs: every row is an act, its outcome "yes" or the reason why not.

Run twice in the booted system: beside the sandbox, where all of it works, and inside of it, by
`ExecStartPost=` of the hardened unit. (But for the network: commands beside the main process do not
get into its network namespace, which belongs to another user namespace.) Standard library only.
"""

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HOME, RUNTIME = Path(os.environ["HOME"]), Path(os.environ["XDG_RUNTIME_DIR"])
STAGE = Path("/opt/ingle-boot")
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, ADDR_NO_RANDOMIZE, PTRACE_TRACEME = 0x10000000, 0x0040000, 0
LANDLOCK_CREATE_RULESET = 444
NOBODY = 2**22 - 1
GETPID_OF_I386 = bytes.fromhex("b814000000cd80c3")
"""mov eax, 20; int 0x80; ret"""


def written(folder: Path) -> str:
    probe = folder / ".probe"
    probe.write_text("x")
    probe.unlink()
    return "yes"


def connected(address: str) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(address)
    return "yes"


def opened(family: socket.AddressFamily) -> str:
    with socket.socket(family, socket.SOCK_DGRAM):
        return "yes"


def called(result: int) -> str:
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "yes"


def in_a_child(act: Callable[[], object]) -> str:
    """For what changes the process, or ends it."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        return signal.Signals(-status).name
    return "yes" if status == 0 else os.strerror(status)


def made_setuid() -> str:
    probe = HOME / ".local/state/ingle/.setuid"
    probe.write_text("x")
    try:
        probe.chmod(0o4755)
        return "yes" if probe.stat().st_mode & stat.S_ISUID else "no"
    finally:
        probe.unlink()


def became_root() -> str:
    done = subprocess.run([STAGE / "id-as-root", "-u"], capture_output=True, text=True, check=False)
    return "yes" if done.stdout.strip() == "0" else f"uid {done.stdout.strip()}"


def real_time() -> str:
    """For a process that is not there: whoever gets as far as to be told so was not refused."""
    try:
        os.sched_setscheduler(NOBODY, os.SCHED_RR, os.sched_param(1))
    except ProcessLookupError:
        return "yes"
    return "somebody was there"


def foreign_call() -> str:
    """A system call of 32-bit x86 from a 64-bit process."""
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(GETPID_OF_I386)
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    return in_a_child(ctypes.CFUNCTYPE(ctypes.c_int)(address))


def writable(place: str) -> str:
    return "read-only" if os.statvfs(place).f_flag & os.ST_RDONLY else "yes"


def own_group() -> Path:
    line = Path("/proc/self/cgroup").read_text().splitlines()[-1]
    return Path("/sys/fs/cgroup") / line.partition("::")[2].lstrip("/")


def grouped() -> str:
    child = own_group() / "probe"
    child.mkdir()
    child.rmdir()
    return "yes"


def mask() -> str:
    old = os.umask(0)
    os.umask(old)
    return f"{old:04o}"


def status(name: str) -> str:
    rows = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines())
    return rows[name].strip()


ACTS: dict[str, Callable[[], str]] = {
    "write outside home": lambda: written(STAGE / "open"),
    "write in /tmp": lambda: written(Path("/tmp")),
    "write in home": lambda: written(HOME),
    "write in config": lambda: written(HOME / ".config"),
    "write in data": lambda: written(HOME / ".local/share/ingle"),
    "write in state": lambda: written(HOME / ".local/state/ingle"),
    "write in cache": lambda: written(HOME / ".cache/ingle"),
    "write beside the socket": lambda: written(RUNTIME / "ingle"),
    "write elsewhere in the runtime directory": lambda: written(RUNTIME),
    "read home": lambda: (HOME / ".profile").read_text() and "yes",
    "reach an abstract socket": lambda: connected("\0ingle-boot"),
    "reach the session bus": lambda: connected(str(RUNTIME / "bus")),
    "reach systemd": lambda: connected(str(RUNTIME / "systemd/private")),
    "reach the system bus": lambda: connected("/run/dbus/system_bus_socket"),
    "open AF_UNIX": lambda: opened(socket.AF_UNIX),
    "open AF_INET": lambda: opened(socket.AF_INET),
    "open AF_INET6": lambda: opened(socket.AF_INET6),
    "open AF_NETLINK": lambda: opened(socket.AF_NETLINK),
    "become root by a setuid program": became_root,
    "see root as owner": lambda: "yes" if Path("/usr").stat().st_uid == 0 else "as nobody",
    "capabilities to be had": lambda: status("CapBnd"),
    "make a setuid file": made_setuid,
    "make a namespace": lambda: in_a_child(lambda: called(LIBC.unshare(CLONE_NEWUSER))),
    "run in real time": real_time,
    "change personality": lambda: in_a_child(lambda: called(LIBC.personality(ADDR_NO_RANDOMIZE))),
    "call as another architecture": foreign_call,
    "restrict itself further": lambda: called(LIBC.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)),
    "be traced": lambda: in_a_child(lambda: called(LIBC.ptrace(PTRACE_TRACEME, 0, 0, 0))),
    "kernel settings": lambda: writable("/proc/sys"),
    "see kernel modules": lambda: "yes" if list(Path("/usr/lib/modules").iterdir()) is not None else "",
    "open the kernel's log": lambda: os.close(os.open("/dev/kmsg", os.O_WRONLY)) or "yes",
    "change control groups": grouped,
    "use a device by its group": lambda: os.close(os.open("/dev/gpu", os.O_RDWR)) or "yes",
    "mask of new files": mask,
    "core files": lambda: str(resource.getrlimit(resource.RLIMIT_CORE)[0]),
    "no new privileges": lambda: status("NoNewPrivs"),
    "filter of system calls": lambda: status("Seccomp"),
    "name of the machine": lambda: str(Path("/proc/self/ns/uts").readlink()),
    "GPU cache": lambda: os.environ.get("CUDA_CACHE_PATH", ""),
}


def outcome(act: Callable[[], str]) -> str:
    try:
        return act()
    except OSError as error:
        return os.strerror(error.errno or 0)


if __name__ == "__main__":
    found = {name: outcome(act) for name, act in ACTS.items()}
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(found))
    else:
        print(json.dumps(found))
