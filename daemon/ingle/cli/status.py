"""`ingle status`: how the daemon, the model and the plugins are. It never starts the daemon."""

import argparse

from ingle.cli import exits, words
from ingle.cli.output import BOLD, YELLOW, Output
from ingle.cli.session import Session
from ingle.vocabulary import DaemonState, EngineState, Holdable, PluginState
from ingle.wire.calls.daemon import EngineStatus, HoldInfo, StatusResult
from ingle.wire.calls.plugin import PluginInfo

EXAMPLES = """
ingle status
ingle status --json | jq .engine.state
"""

_WITH_REASON = (DaemonState.PAUSED, DaemonState.ASIDE)
_HELD: dict[Holdable, str] = {
    "model": "the model is aside",
    "background": "background work waits",
    "watching": "watching plugins rest",
}


def configure(parser: argparse.ArgumentParser) -> None:
    """No arguments."""


def run(args: argparse.Namespace, session: Session) -> int:
    with session.connect(start=False) as ingle:
        status = ingle.status()
    if session.output.as_json:
        session.output.json(status)
    else:
        _show(status, session.output)
    return exits.OK


def _show(status: StatusResult, output: Output) -> None:
    up = words.duration(status.uptime_s)
    state = f"{status.state}: {status.reason}" if status.state in _WITH_REASON else status.state
    output.line(f"ingled {status.version}  {state}  pid {status.pid}  up {up}", BOLD)
    rows = [("engine", engine_line(status.engine))]
    if not output.is_quiet:
        queue = status.queue
        waiting = (
            f"{queue.interactive} interactive, {queue.normal} normal, {queue.background} background"
        )
        rows += [("", note) for note in status.engine.notes]
        if status.engine.twin:
            rows.append(("stand-in", f"{status.engine.twin}, on the CPU"))
        rows.append(("queue", waiting))
        rows += [("held", hold_line(hold)) for hold in status.holds]
        rows += [(f"plugin {plugin.name}", plugin_line(plugin)) for plugin in status.plugins]
    output.table(rows)
    for warning in status.warnings:
        output.line(f"warning: {warning}", YELLOW)


def engine_line(engine: EngineStatus) -> str:
    """The engine in one line: state and reason, model, device, memory."""
    state = str(engine.state)
    if engine.state is EngineState.LOADING and engine.progress is not None:
        state += f" {engine.progress:.0%}"
    is_shared = 0 < engine.gpu_layers < engine.layers
    parts = [
        f"{state}: {engine.reason}" if engine.reason else state,
        f"{engine.model} ({engine.tier or 'not measured'})" if engine.model else "",
        f"{engine.device} ({engine.gpu_layers} of {engine.layers} layers)"
        if is_shared
        else engine.device,
        words.count(engine.threads, "thread") if engine.threads else "",
        f"{words.count(engine.slots, 'slot')} in {engine.n_ctx:,} tokens" if engine.n_ctx else "",
        f"{words.size(engine.rss_bytes)} of memory" if engine.rss_bytes else "",
        f"{words.size(engine.vram_bytes)} of GPU memory" if engine.vram_bytes else "",
    ]
    return ", ".join(part for part in parts if part)


def hold_line(hold: HoldInfo) -> str:
    """What steps back, why, and by whose wish."""
    return f"{_HELD[hold.what]}: {hold.reason} ({hold.by})"


def plugin_line(plugin: PluginInfo) -> str:
    """A plugin's state, with the reason where it does not run, and its note where it does."""
    if plugin.state is PluginState.RUNNING:
        where = f" in {plugin.place}" if plugin.place else ""
        parts = [
            "running",
            f"pid {plugin.pid}{where}" if plugin.pid else "",
            plugin.reason or "",
        ]
        return "  ".join(part for part in parts if part)
    return f"{plugin.state}: {plugin.reason}" if plugin.reason else str(plugin.state)
