"""`ingle completion`: a completion script for a shell, made from the very parsers (shtab)."""

import argparse

from ingle.cli import exits
from ingle.cli.session import Session

EXAMPLES = """
ingle completion bash > ~/.local/share/bash-completion/completions/ingle
ingle completion zsh > ~/.zfunc/_ingle
ingle completion fish > ~/.config/fish/completions/ingle.fish
"""

SHELLS = ("bash", "zsh", "fish", "tcsh")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def run(args: argparse.Namespace, session: Session) -> int:
    script = render(args.shell)
    session.output.json({"script": script}) if session.output.as_json else session.output.line(script)
    return exits.OK


def render(shell: str) -> str:
    """The script for one of `SHELLS`."""
    import shtab  # noqa: PLC0415 - slow to import, and nothing else needs it

    from ingle.cli.parsers import whole_parser  # noqa: PLC0415 - imports every command

    return str(shtab.complete(whole_parser(), shell=shell)).rstrip()
