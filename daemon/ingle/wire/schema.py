"""The published method table: every public method, its parameters, result, errors and grant.

`server/methods/` must answer exactly these (a house test holds it), `rpc.discover` publishes
them as OpenRPC, and a plugin may call those whose grant the person approved.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from ingle import errors as e
from ingle.wire.calls import assistant, context, daemon, desktop, model, plugin, result
from ingle.wire.calls.base import Done, NoParams, Params

GRANTS: dict[str, str] = {
    "context.read": "read what was copied, dropped or put into the context",
    "context.write": "add texts to the context, and forget",
    "result.read": "read the last summaries, answers and rewrites",
    "skill.run": "have the resident model work on a text",
    "event.subscribe": "hear events, with the summaries in them",
    "plugin.call": "call the commands of other plugins",
    "control": "pause, resume, park the model, switch models and plugins",
    "power": "have the model step aside, background work wait and watching plugins rest",
}
"""What a plugin can be allowed to do; a method without a grant is open to every plugin."""


@dataclass(frozen=True)
class Method:
    """One row of the table. `grant` is what a plugin needs to call it; None is open to all."""

    name: str
    summary: str
    params: type[Params]
    result: Any
    grant: str | None = None
    errors: tuple[type[e.IngleError], ...] = ()
    streams: bool = False


_ADAPTER = (e.NotFound, e.BadModelFile)
_ENGINE = (e.EngineUnavailable, e.Busy, e.DeadlineExceeded, e.Cancelled, e.Paused)

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("daemon.status", "How everything is", NoParams, daemon.StatusResult),
        Method(
            "daemon.pause", "Stop plugins from sending and background work", NoParams, Done, "control"
        ),
        Method(
            "daemon.resume", "Have all go on that was paused, parked or held", NoParams, Done, "control"
        ),
        Method(
            "daemon.hold",
            "Hold back the model, background work or the plugins that watch, for a reason",
            daemon.HoldParams,
            Done,
            "power",
            (e.Busy,),
        ),
        Method("daemon.release", "Let go of what you hold", daemon.ReleaseParams, Done, "power"),
        Method(
            "daemon.reload",
            "Read the configuration anew: all of it or nothing",
            NoParams,
            daemon.ReloadResult,
            "control",
            (e.ConfigError,),
        ),
        Method("daemon.stop", "End the daemon and its children", NoParams, Done, "control"),
        Method("rpc.discover", "This table as an OpenRPC document", NoParams, dict[str, Any]),
        Method(
            "event.subscribe",
            "Hear the events of some topics as $/event notifications",
            daemon.SubscribeParams,
            daemon.SubscribeResult,
            "event.subscribe",
        ),
        Method(
            "event.unsubscribe",
            "Hear no more events of some topics",
            daemon.SubscribeParams,
            daemon.SubscribeResult,
            "event.subscribe",
        ),
        Method(
            "assistant.generate",
            "Let the resident model continue a prompt or a conversation",
            assistant.GenerateParams,
            assistant.GenerateResult,
            "skill.run",
            (e.ContextTooLong, *_ADAPTER, *_ENGINE),
            streams=True,
        ),
        Method(
            "assistant.ask",
            "Answer a question from a text or from the context, with citations",
            assistant.AskParams,
            assistant.AskResult,
            "context.read",
            (e.ModelTooSmall, *_ADAPTER, *_ENGINE),
            streams=True,
        ),
        Method(
            "skill.list",
            "The skills, and which the resident model can do",
            NoParams,
            list[assistant.SkillInfo],
        ),
        Method(
            "skill.run",
            "Run a skill on a text",
            assistant.SkillRunParams,
            assistant.SkillResult,
            "skill.run",
            (e.ModelTooSmall, *_ADAPTER, *_ENGINE),
            streams=True,
        ),
        Method(
            "context.put",
            "Hand over a text",
            context.ContextPutParams,
            context.ContextPutResult,
            "context.write",
            (e.BadDocument, e.Paused),
        ),
        Method(
            "context.list",
            "What is remembered, the newest first",
            context.ContextListParams,
            list[context.ContextItemInfo],
            "context.read",
        ),
        Method(
            "context.get",
            "One item with its text",
            context.ContextGetParams,
            context.ContextItem,
            "context.read",
            (e.NotFound,),
        ),
        Method(
            "context.search",
            "Find words in what is remembered",
            context.ContextSearchParams,
            list[context.ContextHit],
            "context.read",
        ),
        Method(
            "context.forget",
            "Forget items for good",
            context.ContextForgetParams,
            context.ContextForgetResult,
            "context.write",
            (e.NotFound,),
        ),
        Method(
            "result.list",
            "The last results, the newest first",
            result.ResultListParams,
            list[result.ResultInfo],
            "result.read",
        ),
        Method(
            "result.get",
            "One of the last results",
            result.ResultGetParams,
            result.ResultInfo,
            "result.read",
            (e.NotFound,),
        ),
        Method(
            "result.forget",
            "Forget one of the last results, or all of them",
            result.ResultForgetParams,
            result.ResultForgetResult,
            "context.write",
            (e.NotFound,),
        ),
        Method("model.list", "Models here and in the catalog", NoParams, list[model.ModelInfo]),
        Method(
            "model.use",
            "Make another model the resident one",
            model.ModelUseParams,
            Done,
            "control",
            (e.ModelNotFound, e.BadModelFile),
        ),
        Method("model.unload", "Give the memory back until the next request", NoParams, Done, "control"),
        Method(
            "model.park", "Give the memory back until resume", model.ModelParkParams, Done, "control"
        ),
        Method(
            "model.inspect",
            "Read a model's header without loading it",
            model.ModelInspectParams,
            model.ModelInspectResult,
            None,
            (e.ModelNotFound, e.BadModelFile),
        ),
        Method(
            "model.estimate",
            "What a model would take of this machine's memory, and how it would be loaded",
            model.ModelEstimateParams,
            model.ModelEstimateResult,
            None,
            (e.ModelNotFound, e.BadModelFile),
        ),
        Method(
            "model.eval",
            "Measure what the resident model can do and store its tier",
            NoParams,
            model.ModelEvalResult,
            "control",
            _ENGINE,
            streams=True,
        ),
        Method(
            "engine.tokenize",
            "The tokens of a text; special tokens are not parsed",
            model.TokenizeParams,
            model.TokenizeResult,
            "skill.run",
            _ENGINE,
        ),
        Method(
            "engine.embed",
            "Turn texts into vectors whose nearness is nearness of meaning",
            model.EmbedParams,
            model.EmbedResult,
            "skill.run",
            (e.NotFound, e.ModelNotFound, e.BadModelFile, e.ContextTooLong, *_ENGINE),
        ),
        Method(
            "engine.verify",
            "Look whether the GPU that the model ran on is still there",
            NoParams,
            daemon.VerifyResult,
            "power",
        ),
        Method("plugin.list", "The plugins and how they fare", NoParams, list[plugin.PluginInfo]),
        Method(
            "plugin.enable",
            "Approve a plugin's grants and start it",
            plugin.PluginParams,
            plugin.PluginInfo,
            "control",
            (e.NotFound,),
        ),
        Method(
            "plugin.disable",
            "Stop a plugin and keep it stopped",
            plugin.PluginParams,
            plugin.PluginInfo,
            "control",
            (e.NotFound,),
        ),
        Method(
            "plugin.call",
            "Call a command of a running plugin",
            plugin.PluginCallParams,
            Any,
            "plugin.call",
            (e.NotFound, e.PluginFailed),
        ),
        Method(
            "plugin.grants",
            "What plugins ask for and what was approved",
            plugin.PluginGrantsParams,
            list[plugin.PluginGrants],
            None,
            (e.NotFound,),
        ),
        Method(
            "desktop.attach",
            "Offer a graphical session to plugins; answered when it is not wanted any more",
            desktop.DesktopAttachParams,
            desktop.DesktopEnded,
            "control",
            (e.NotPermitted,),
        ),
        Method(
            "desktop.changed",
            "What the session that you offer lacks now",
            desktop.DesktopChangedParams,
            Done,
            "control",
            (e.NotPermitted,),
        ),
    )
}


def openrpc(version: str) -> dict[str, Any]:
    """The table as an OpenRPC 1.3 document (https://spec.open-rpc.org)."""
    types = [kind for row in METHODS.values() for kind in (row.params, row.result)]
    shapes, components = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    rows = zip(METHODS.values(), shapes[::2], shapes[1::2], strict=True)
    return {
        "openrpc": "1.3.2",
        "info": {"title": "Ingle", "version": version},
        "methods": [_described(row, result, components) for row, _, result in rows],
        "components": {"schemas": components},
    }


def _described(row: Method, result: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    shape = components[row.params.__name__]
    required = shape.get("required", [])
    return {
        "name": row.name,
        "summary": row.summary,
        "paramStructure": "either",
        "params": [
            {"name": name, "required": name in required, "schema": schema}
            for name, schema in shape["properties"].items()
        ],
        "result": {"name": "result", "schema": result},
        "errors": [{"code": kind.code, "message": kind.key} for kind in row.errors],
        "x-grant": row.grant,
        "x-streams": row.streams,
    }


def bind(params_type: type[Params], params: dict[str, Any] | list[Any]) -> Params:
    """Check raw parameters against their type; an array is matched to the fields in order.

    Raises `InvalidParams` that names the field.
    """
    if isinstance(params, list):
        names = params_type.__struct_fields__
        if len(params) > len(names):
            raise e.InvalidParams(f"{len(params)} positional parameters where {len(names)} are known")
        params = dict(zip(names, params, strict=False))
    try:
        return msgspec.convert(params, params_type)
    except msgspec.ValidationError as error:
        raise e.InvalidParams(_in_words(str(error))) from None


def _in_words(reason: str) -> str:
    return reason.replace("Object ", "the request ", 1).replace(" - at `$", " - at `params")
