"""The running daemon: whether it answers, the engine, the plugins, its own warnings."""

import stat

from ingle.cli.checkup.finding import Finding, Findings, fail, ok, warn
from ingle.cli.session import Session
from ingle.cli.status import engine_line, plugin_line
from ingle.errors import DaemonNotRunning, IngleError
from ingle.vocabulary import EngineState, PluginState
from ingle.wire.calls.daemon import StatusResult
from ingle.wire.calls.plugin import PluginInfo


def daemon(session: Session) -> Findings:
    path = session.paths.socket
    try:
        with session.connect(start=False) as ingle:
            status = ingle.status()
    except DaemonNotRunning as error:
        yield warn("daemon", error.message, "any request starts it, or `ingle serve`")
        return
    except IngleError as error:
        yield fail("daemon", error.message, "`ingle stop`, then try again")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    text = f"ingled {status.version}, pid {status.pid}, {path} ({mode:o})"
    if mode & 0o077:
        yield fail("daemon", text, f"the socket is open to others: chmod 600 {path}")
    else:
        yield ok("daemon", text)
    yield from _engine(status)
    yield _desktop(status)
    for plugin in status.plugins:
        yield from _plugin(plugin)
    for warning in status.warnings:
        yield warn("warning", warning, "`ingle log` may show more")


def _engine(status: StatusResult) -> Findings:
    line = engine_line(status.engine)
    match status.engine.state:
        case EngineState.FAILED:
            yield fail(
                "resident model", line, "`ingle log` shows why; `ingle model use NAME` tries another"
            )
        case EngineState.ABSENT:
            yield warn("resident model", line, "`ingle model list` shows what can be pulled")
        case EngineState.PARKED:
            yield warn("resident model", line, "`ingle resume` brings it back")
        case _:
            yield ok("resident model", line)


def _desktop(status: StatusResult) -> Finding:
    """Where plugins run that need a display or a session bus."""
    name = "desktop session"
    if status.desktop is not None:
        return ok(name, f"`ingle desktop` offers one: {status.desktop}")
    waiting = [
        plugin.name
        for plugin in status.plugins
        if plugin.state is PluginState.WAITING and "no desktop session" in (plugin.reason or "")
    ]
    if waiting:
        text = f"none; {', '.join(waiting)} {'wait' if len(waiting) > 1 else 'waits'} for one"
        return warn(name, text, "`ingle desktop`, or `systemctl --user start ingle-desktop`")
    return ok(name, "none is offered; the daemon starts desktop plugins itself where it can")


def _plugin(plugin: PluginInfo) -> Findings:
    name, line = f"plugin {plugin.name}", plugin_line(plugin)
    match plugin.state:
        case PluginState.FAILED:
            yield fail(name, line, f"`ingle log`; `ingle plugin enable {plugin.name}` starts it again")
        case PluginState.WAITING:
            yield warn(name, line, "it starts by itself when that is there")
        case _:
            yield ok(name, line)


CHECKS = (daemon,)
