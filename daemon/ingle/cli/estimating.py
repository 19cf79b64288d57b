"""`ingle model estimate`: what a model would take of this machine, in a person's words."""

from typing import Any

import msgspec

from ingle import config
from ingle.cli import exits, words
from ingle.cli.headers import named
from ingle.cli.output import BOLD, YELLOW, Output
from ingle.cli.session import Session
from ingle.client.requests import Wanted, given
from ingle.engine.outlook import memory_here, outlook
from ingle.errors import DaemonNotRunning, InvalidParams
from ingle.models.footprint import KvType
from ingle.models.library import Library
from ingle.wire.calls.model import ModelEstimateParams, ModelEstimateResult, PlaceNeed


def estimate(model: str, n_ctx: int | None, kv_type: KvType | None, session: Session) -> int:
    """Ask the daemon, or look here where none runs. Raises `IngleError`."""
    params = given(name=named(model), n_ctx=n_ctx, kv_type=kv_type)
    try:
        found = session.ask(Wanted("model.estimate", params, ModelEstimateResult), start=False)
    except DaemonNotRunning:
        found = _here(params, session)
    if session.output.as_json:
        session.output.json(found)
    else:
        _show(found, session.output)
    return exits.OK


def _here(params: dict[str, Any], session: Session) -> ModelEstimateResult:
    try:
        checked = msgspec.convert(params, ModelEstimateParams)
    except msgspec.ValidationError as error:
        raise InvalidParams(str(error)) from None
    settings = config.load(session.paths.config_file)
    return outlook(checked, Library(session.paths.models), settings.engine, memory_here())


def _show(found: ModelEstimateResult, output: Output) -> None:
    about = "about " if found.is_rough else ""
    output.line(f"{found.name}: {'fits' if found.fits else 'does not fit'}", BOLD)
    rows = [
        ("context", f"{found.n_ctx:,} tokens, kept as {found.kv_type}"),
        ("memory", f"{about}{_need(found.cpu)}, {words.size(found.ram_available)} are available"),
    ]
    if found.n_gpu_layers:
        layers = "all" if found.n_gpu_layers == found.layers else str(found.n_gpu_layers)
        where = found.device or f"{len(found.gpus)} GPUs"
        rows.append(("GPU", f"{layers} of {found.layers} layers on {where}, {about}{_need(found.gpu)}"))
    rows += [
        (gpu.name, f"{words.size(gpu.free)} of {words.size(gpu.total)} are free") for gpu in found.gpus
    ]
    output.table(rows)
    for note in found.notes:
        output.line(note, "" if found.fits else YELLOW)
    if found.is_rough:
        output.note("roughly, from the catalog: the file is not here yet")


def _need(place: PlaceNeed) -> str:
    total = place.weights + place.cache + place.compute
    parts = (
        f"{words.size(place.weights)} weights, {words.size(place.cache)} context, "
        f"{words.size(place.compute)} to compute"
    )
    return f"{words.size(total)} ({parts})"
