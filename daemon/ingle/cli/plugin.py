"""`ingle plugin`: which plugins there are, what they may do, and new ones."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ingle.cli import exits
from ingle.cli.output import BOLD
from ingle.cli.run import arguments
from ingle.cli.session import Session
from ingle.cli.status import plugin_line
from ingle.client.requests import Wanted, given
from ingle.errors import Cancelled, InvalidParams, NotFound, NotPermitted
from ingle.wire.calls.daemon import ReloadResult
from ingle.wire.calls.plugin import PluginGrants, PluginInfo

EXAMPLES = """
ingle plugin list
ingle plugin grants clipboard
ingle plugin enable files
ingle plugin disable clipboard
ingle plugin call clipboard summarize_now
ingle plugin new my-plugin
"""


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="the plugins and how they fare")
    enable = actions.add_parser("enable", help="approve what a plugin asks for and start it")
    enable.add_argument("name", metavar="NAME")
    enable.add_argument("-y", "--yes", action="store_true", help="approve without being asked")
    disable = actions.add_parser("disable", help="stop a plugin and keep it stopped")
    disable.add_argument("name", metavar="NAME")
    grants = actions.add_parser("grants", help="what plugins ask for and what was approved")
    grants.add_argument("name", metavar="NAME", nargs="?")
    new = actions.add_parser("new", help="write the skeleton of a plugin, with a test")
    new.add_argument("name", metavar="NAME")
    new.add_argument("directory", metavar="DIRECTORY", nargs="?", help="where; your plugins by default")
    call = actions.add_parser("call", help="call a command of a running plugin")
    call.add_argument("plugin", metavar="PLUGIN")
    call.add_argument("command_name", metavar="COMMAND")
    call.add_argument("args", metavar="NAME=VALUE", nargs="*")


def run(args: argparse.Namespace, session: Session) -> int:
    return _ACTIONS[args.action](args, session)


def _list(args: argparse.Namespace, session: Session) -> int:
    plugins = session.ask(Wanted("plugin.list", {}, list[PluginInfo]))
    if session.output.as_json:
        session.output.json(plugins)
        return exits.OK
    rows = [(plugin.name, plugin_line(plugin), plugin.source, plugin.summary) for plugin in plugins]
    session.output.table(rows, ("name", "state", "from", "what it does"))
    return exits.OK


def _enable(args: argparse.Namespace, session: Session) -> int:
    asked = _asked(args.name, session)
    if not session.output.as_json:
        _show_grants(asked, session)
    if not args.yes and not _agreed(args.name, asked, session):
        raise Cancelled(f"{args.name} was not enabled", "")
    enabled = session.ask(Wanted("plugin.enable", {"name": args.name}, PluginInfo))
    _check_approved(enabled, asked, session)
    return _report(enabled, session)


def _asked(name: str, session: Session) -> list[PluginGrants]:
    """What a plugin asks for. One that is not known may be new: the daemon looks again at a reload."""
    wanted = Wanted("plugin.grants", {"name": name}, list[PluginGrants])
    try:
        return session.ask(wanted)
    except NotFound:
        session.ask(Wanted("daemon.reload", {}, ReloadResult))
        return session.ask(wanted)


def _check_approved(enabled: PluginInfo, asked: Sequence[PluginGrants], session: Session) -> None:
    """Enabling approves what stands on disk; had that grown since it was shown, it is taken back.

    Raises `NotPermitted`.
    """
    shown = {grant.grant for entry in asked for grant in entry.grants}
    more = ", ".join(sorted(set(enabled.grants) - shown))
    if more:
        session.ask(Wanted("plugin.disable", {"name": enabled.name}, PluginInfo))
        raise NotPermitted(
            f"{enabled.name} now asks for more than was shown: {more}",
            f"it was not enabled; `ingle plugin enable {enabled.name}` shows everything",
        )


def _agreed(name: str, asked: Sequence[PluginGrants], session: Session) -> bool:
    """Whether the person says yes; without new grants or without a terminal nothing is asked."""
    is_new = any(not grant.approved for entry in asked for grant in entry.grants)
    if not is_new or session.output.as_json or not sys.stdin.isatty():
        return True
    session.output.flush()
    return input(f"Enable {name} with these grants? [y/N] ").strip().lower() in {"y", "yes"}


def _disable(args: argparse.Namespace, session: Session) -> int:
    return _report(session.ask(Wanted("plugin.disable", {"name": args.name}, PluginInfo)), session)


def _report(plugin: PluginInfo, session: Session) -> int:
    if session.output.as_json:
        session.output.json(plugin)
    else:
        session.output.line(f"{plugin.name}: {plugin_line(plugin)}")
    return exits.OK


def _grants(args: argparse.Namespace, session: Session) -> int:
    grants = session.ask(Wanted("plugin.grants", given(name=args.name), list[PluginGrants]))
    if session.output.as_json:
        session.output.json(grants)
    else:
        _show_grants(grants, session)
    return exits.OK


def _show_grants(plugins: Sequence[PluginGrants], session: Session) -> None:
    output = session.output
    for plugin in plugins:
        output.line(plugin.name, BOLD)
        rows = [
            ("  approved" if grant.approved else "  asks for", grant.grant, grant.meaning)
            for grant in plugin.grants
        ]
        output.table(rows or [("  asks for nothing",)])


def _new(args: argparse.Namespace, session: Session) -> int:
    from ingle.sdk import skeleton  # noqa: PLC0415 - for this action only

    parent = Path(args.directory) if args.directory else session.paths.plugins
    files = skeleton.create(args.name, parent)
    if session.output.as_json:
        session.output.json({"files": [str(file) for file in files]})
        return exits.OK
    for file in files:
        session.output.line(str(file))
    session.output.note(f"try it: pytest {files[0].parent}; then: ingle plugin enable {args.name}")
    return exits.OK


def _call(args: argparse.Namespace, session: Session) -> int:
    if bad := next((pair for pair in args.args if "=" not in pair), None):
        raise InvalidParams(f"{bad!r} is not NAME=VALUE", "for example: text=hello")
    params = {"plugin": args.plugin, "command": args.command_name, "args": arguments(args.args)}
    with session.connect() as ingle:
        result = ingle.call("plugin.call", **params)
    if isinstance(result, str) and not session.output.as_json:
        session.output.line(result)
    elif result is not None or session.output.as_json:
        session.output.json(result)
    return exits.OK


_ACTIONS = {
    "list": _list,
    "enable": _enable,
    "disable": _disable,
    "grants": _grants,
    "new": _new,
    "call": _call,
}
