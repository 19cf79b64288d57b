"""`assistant.generate`: a prompt or a conversation as the caller wrote it, continued by the model.

Nothing is added but the chat template, and nothing is cut: what does not fit is an error.
"""

import msgspec

from ingle.assistant.plain import plain
from ingle.assistant.turn import Delta, Engine, begin
from ingle.engine import protocol
from ingle.errors import InvalidParams
from ingle.models.families import stops_of
from ingle.models.templates import Turn as Said
from ingle.vocabulary import TokenLogprob
from ingle.wire.calls.assistant import MAX_STOPS, GenerateParams, GenerateResult

MAX_TOKENS = 512
"""Of an answer for which the caller said nothing."""

TEMPERATURE = 0.7


async def generate(
    engine: Engine,
    params: GenerateParams,
    delta: Delta,
    adapter: protocol.AdapterRef | None = None,
) -> GenerateResult:
    """Raises `InvalidParams` and the engine's errors."""
    _check(params)
    turn = begin(engine, params.priority)
    temperature = TEMPERATURE if params.temperature is None else params.temperature
    stops = [*params.stop, *stops_of(turn.model.family)]
    result = await turn.engine.generate(
        protocol.GenerateParams(
            spans=turn.prompt(_said(params)).spans,
            max_tokens=params.max_tokens or MAX_TOKENS,
            temperature=temperature,
            top_p=1.0 if params.top_p is None else params.top_p,
            seed=0 if params.exact and params.seed is None else params.seed,
            stop=stops[:MAX_STOPS],
            grammar=params.grammar,
            schema=params.schema,
            priority=params.priority,
            adapter=adapter,
            exact=params.exact or (params.seed is not None and temperature > 0),
            logprobs=params.logprobs,
            stream=params.stream,
        ),
        lambda piece: delta(plain(piece)),
        params.deadline_ms,
    )
    return GenerateResult(
        text=plain(result.text),
        finish_reason=result.finish_reason,
        model=turn.model.name,
        usage=result.usage,
        timing=result.timing,
        logprobs=result.logprobs and [_shown(token) for token in result.logprobs],
    )


def _shown(token: TokenLogprob) -> TokenLogprob:
    """What may be shown of a token, as of the text that it is a part of."""
    top = [msgspec.structs.replace(one, text=plain(one.text)) for one in token.top]
    return msgspec.structs.replace(token, text=plain(token.text), top=top)


def _check(params: GenerateParams) -> None:
    if (params.prompt is None) == (params.messages is None):
        raise InvalidParams("one of `prompt` and `messages` is needed, and not both")
    if params.schema is not None and params.grammar is not None:
        raise InvalidParams("`schema` or `grammar`, not both")


def _said(params: GenerateParams) -> list[Said]:
    system: list[Said] = [("system", params.system)] if params.system else []
    if params.prompt is not None:
        return [*system, ("user", params.prompt)]
    return [*system, *((one.role, one.content) for one in params.messages or ())]
