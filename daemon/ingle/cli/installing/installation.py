"""Putting everything in place and taking it back: the order of the steps, and what each one says.

A daemon that runs ends before anything changes under it and is started again by the units. What
is there already stays as it is, so that a second set-up does nothing.
"""

from contextlib import suppress
from pathlib import Path

from ingle.cli.installing import login, plugins, shipped
from ingle.cli.installing.ledger import Ledger
from ingle.cli.installing.manager import Manager
from ingle.cli.installing.steps import Steps
from ingle.cli.installing.table import UNITS, File, Places, Systemd, Table, table
from ingle.cli.session import Session
from ingle.cli.starting import start_daemon
from ingle.cli.stop import end, end_process
from ingle.errors import DaemonNotRunning, IngleError
from ingle.paths import Paths
from ingle.plughost import launchers
from ingle.plughost.discovery import Found

SOCKET, DAEMON, DESKTOP = UNITS


def ledger_of(paths: Paths) -> Ledger:
    return Ledger(paths.state / "setup.json")


class Installation:
    """One run of the set-up, in either direction."""

    def __init__(self, session: Session, steps: Steps, manager: Manager) -> None:
        self._session, self._steps, self._manager = session, steps, manager
        self._paths = session.paths
        self._ledger = ledger_of(self._paths)

    # ---- putting in place

    def install(self, chosen: list[Found]) -> None:
        """Raises `IngleError` and `OSError`; what was done until then stands in the ledger."""
        wanted = self._table()
        news = [file for file in wanted.files if self._ledger.outcome(file) == "written"]
        stale = self._stale(wanted)
        is_new = bool(news or stale or chosen)
        was_running = self._end_daemon() if is_new or self._would_take_over() else False
        if not self._steps.is_dry:
            self._ledger.make(self._paths.state)
        for old in stale:
            self._take_back(old)
        for file in wanted.files:
            self._put(file)
        for path in wanted.present:
            self._steps.add("same", path, "came with the package")
        self._enable(chosen)
        self._make_folders(chosen)
        self._bring_up(was_running)

    def _would_take_over(self) -> bool:
        """A socket of systemd's that starts takes the path from a daemon that was started by hand."""
        return self._manager.is_reachable and not self._manager.is_active(SOCKET)

    def _table(self) -> Table:
        here = shipped.find()
        home = Path(self._session.environ.get("HOME") or Path.home())
        places = Places.of(self._paths, home, here.programs)
        version = self._manager.version
        systemd = None if version is None else Systemd(version, self._manager.has_namespaces)
        if systemd is not None and not systemd.has_namespaces:
            self._steps.add(
                "note", DAEMON, "this machine allows no namespaces: half of its sandbox is off"
            )
        return table(here, places, systemd)

    def _stale(self, wanted: Table) -> list[str]:
        """What an older version has installed and this one does not."""
        now = {str(file.path) for file in wanted.files}
        return [path for path in self._ledger.record.files if path not in now]

    def _put(self, file: File) -> None:
        outcome = self._ledger.outcome(file)
        if not self._steps.is_dry:
            self._ledger.put(file)
        match outcome:
            case "foreign":
                self._steps.add("keep", file.path, "it is not as the set-up wrote it")
            case "same":
                self._steps.add("same", file.path)
            case _ if file.target:
                unit, target = file.path.name, file.path.parent.stem
                self._steps.add("enable", unit, f"it starts with {target}")
            case _:
                self._steps.add("write", file.path)

    def _enable(self, chosen: list[Found]) -> None:
        if not self._steps.is_dry and chosen:
            record = self._ledger.record
            record.plugins = [*dict.fromkeys((*record.plugins, *(found.name for found in chosen)))]
            self._ledger.save()
            plugins.approve(chosen, self._paths)
        for found in chosen:
            self._steps.add("enable", f"plugin {found.name}", ", ".join(sorted(found.manifest.grants)))

    def _make_folders(self, chosen: list[Found]) -> None:
        """The daemon's own, and the drop folder: where systemd runs it, it cannot make that."""
        if not self._manager.runs_this_machine:
            return
        for folder in (self._paths.data, self._paths.state, self._paths.cache):
            if not self._steps.is_dry:
                self._ledger.make(folder)
        drop = plugins.drop_folder(self._paths, chosen)
        if drop is not None and not drop.exists():
            if not self._steps.is_dry:
                self._ledger.make(drop)
            self._steps.add("make", drop, "files that you put there are summarised")

    def _bring_up(self, was_running: bool) -> None:
        manager, steps = self._manager, self._steps
        if not manager.is_reachable:
            self._bring_up_by_hand(was_running)
            return
        has_desktop = login.has_desktop(manager, self._session.environ)
        units = [SOCKET, DAEMON, *([DESKTOP] if has_desktop else [])]
        down = [unit for unit in units if not manager.is_active(unit)]
        if not steps.is_dry:
            manager.reload()
            self._check_loaded()
            self._name_overruling()
            if has_desktop:
                login.pass_on_display(manager, self._session.environ)
            if down:
                manager.start(*down)
        for unit in units:
            steps.add("start" if unit in down else "same", unit)

    def _bring_up_by_hand(self, was_running: bool) -> None:
        """With a screen and without systemd: what the autostart file would have started by now."""
        manager, steps = self._manager, self._steps
        has_systemd = manager.runs_this_machine
        has_screen = login.has_screen(self._session.environ) and not has_systemd
        what = "no session of systemd's here" if has_systemd else "no systemd here"
        now = "" if has_screen else "; until then `ingle` starts the daemon when you use it"
        steps.add("note", what, f"everything starts with your next login{now}")
        if was_running or (has_screen and not self._is_served()):
            if not steps.is_dry:
                start_daemon(self._paths.socket, *(["--no-desktop"] if has_screen else []))
            steps.add("start", "the daemon")
        if has_screen:
            self._start_desktop()

    def _is_served(self) -> bool:
        try:
            self._session.connect(start=False, shows_waiting=False).close()
        except DaemonNotRunning:
            return False
        return True

    def _start_desktop(self) -> None:
        is_there = bool(launchers.running(self._paths.socket.parent))
        if not self._steps.is_dry and not is_there:
            login.start_detached(self._session)
        self._steps.add("same" if is_there else "start", "ingle desktop")

    def _check_loaded(self) -> None:
        """Raises `IngleError` where the manager looks elsewhere, or somebody has forbidden the unit."""
        state = self._manager.show(DAEMON, "LoadState")
        if state == "masked":
            raise IngleError(f"{DAEMON} is masked", f"`systemctl --user unmask {DAEMON}` allows it")
        if state != "loaded":
            folder = self._paths.data.parent / "systemd/user"
            raise IngleError(
                f"systemd does not find {DAEMON} in {folder} ({state})",
                "set XDG_DATA_HOME for it too, in ~/.config/environment.d/, and log in again",
            )

    def _name_overruling(self) -> None:
        """A unit of the person's in ~/.config goes before ours, as README told people to write once."""
        for unit in UNITS:
            path = self._manager.show(unit, "FragmentPath")
            if path.startswith(str(self._paths.config.parent)):
                self._steps.add("keep", path, "it goes before ours; move it away for ours")

    # ---- taking back

    def remove(self) -> None:
        """Raises `OSError`; what was not taken back yet still stands in the ledger."""
        record = self._ledger.record
        if self._ledger.is_empty:
            self._steps.add("note", "nothing is set up")
            self._remove_state_folder()
            return
        self._end_daemon()
        self._end_sessions()
        self._disable()
        for path in list(record.files):
            self._take_back(path)
        if not self._steps.is_dry:
            for folder in self._ledger.take_back_folders():
                self._steps.add("keep", folder, "there is something in it")
            self._remove_state_folder()
            if self._manager.is_reachable:
                self._manager.reload()

    def _disable(self) -> None:
        record = self._ledger.record
        names = record.plugins
        if not self._steps.is_dry:
            names = plugins.withdraw(record.plugins, self._paths)
            record.plugins = []
            self._ledger.save()
        for name in names:
            self._steps.add("disable", f"plugin {name}")

    def _take_back(self, path: str) -> None:
        ledger = self._ledger
        is_ours = ledger.is_ours(path) if self._steps.is_dry else ledger.take_back(path)
        if is_ours:
            self._steps.add("remove", path)
        else:
            self._steps.add("keep", path, "you have changed it")

    def _remove_state_folder(self) -> None:
        """It may have been made for a record that could then not be written."""
        if not self._steps.is_dry:
            with suppress(OSError):  # a log is in it, or decisions about plugins
                self._paths.state.rmdir()

    # ---- the daemon

    def _end_sessions(self) -> None:
        """`ingle desktop` of the autostart file or of D-Bus: it would wait for the next daemon."""
        for pid in launchers.running(self._paths.socket.parent):
            if not self._steps.is_dry:
                end_process(pid, "ingle desktop")
            self._steps.add("stop", "ingle desktop")

    def _end_daemon(self) -> bool:
        """Whether one ran. Units first: a socket of systemd's would start the daemon again."""
        manager, steps = self._manager, self._steps
        units = [DESKTOP, SOCKET, DAEMON] if manager.is_reachable else []
        running = [unit for unit in units if manager.is_active(unit)]
        if running and not steps.is_dry:
            manager.stop(*running)
        for unit in running:
            steps.add("stop", unit)
        if DAEMON in running:
            return True
        try:
            with self._session.connect(start=False, shows_waiting=False) as ingle:
                if not steps.is_dry:
                    end(ingle)
        except DaemonNotRunning:
            return bool(running)
        steps.add("stop", "the daemon")
        return True
