"""JSON-RPC 2.0 messages as values (https://www.jsonrpc.org/specification).

`parse` classifies one decoded frame; what is wrong with a message is a value too
(`Malformed`), since one bad member of a batch must not cost the others their answers.
"""

from dataclasses import dataclass
from typing import Any

from ingle.errors import IngleError, InvalidRequest, by_code_and_key

RequestId = str | int | float | None

_ERRORS = by_code_and_key()


@dataclass(frozen=True, slots=True)
class Request:
    id: RequestId
    method: str
    params: dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True)
class Notification:
    method: str
    params: dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True)
class Success:
    id: RequestId
    result: Any


@dataclass(frozen=True, slots=True)
class Failure:
    id: RequestId
    code: int
    message: str
    data: Any = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Not a JSON-RPC message; answered with `error` and, where one could be read, its `id`."""

    id: RequestId
    error: IngleError


Message = Request | Notification | Success | Failure | Malformed


def parse(value: Any) -> Message | list[Message]:
    """Classify a decoded frame; a list is a batch. An empty batch is one `Malformed` (section 6)."""
    if not isinstance(value, list):
        return _parse_one(value)
    if not value:
        return _malformed(None, "an empty batch")
    return [_parse_one(member) for member in value]


def _parse_one(value: Any) -> Message:
    if not isinstance(value, dict):
        return _malformed(None, "a message is an object")
    id_ = value.get("id")
    if not _is_id(id_):
        return _malformed(None, "`id` is a string, a number or null")
    if value.get("jsonrpc") != "2.0":
        return _malformed(id_, '`jsonrpc` is "2.0"')
    if "method" in value:
        return _parse_call(value, id_)
    return _parse_response(value, id_)


def _parse_call(value: dict[str, Any], id_: RequestId) -> Message:
    method, params = value["method"], value.get("params", {})
    if not isinstance(method, str):
        return _malformed(id_, "`method` is a string")
    if not isinstance(params, (dict, list)):
        return _malformed(id_, "`params` is an object or an array")
    return Request(id_, method, params) if "id" in value else Notification(method, params)


def _parse_response(value: dict[str, Any], id_: RequestId) -> Message:
    if "id" in value and "result" in value and "error" not in value:
        return Success(id_, value["result"])
    error = value.get("error")
    if "id" in value and "result" not in value and isinstance(error, dict):
        code, message = error.get("code"), error.get("message")
        if type(code) is int and isinstance(message, str):
            return Failure(id_, code, message, error.get("data"))
    return _malformed(id_, "neither a request nor a response")


def _is_id(id_: Any) -> bool:
    return id_ is None or (isinstance(id_, (str, int, float)) and not isinstance(id_, bool))


def _malformed(id_: RequestId, reason: str) -> Malformed:
    return Malformed(id_, InvalidRequest(f"not a JSON-RPC 2.0 message: {reason}"))


def as_json(message: Request | Notification | Success | Failure) -> dict[str, Any]:
    """The object that stands on the wire."""
    match message:
        case Request(id_, method, params):
            return {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}
        case Notification(method, params):
            return {"jsonrpc": "2.0", "method": method, "params": params}
        case Success(id_, result):
            return {"jsonrpc": "2.0", "id": id_, "result": result}
        case Failure(id_, code, text, data):
            error = {"code": code, "message": text} | ({} if data is None else {"data": data})
            return {"jsonrpc": "2.0", "id": id_, "error": error}


def failure_of(id_: RequestId, error: IngleError) -> Failure:
    """An error of ours as it stands on the wire, with `data: {key, hint}`."""
    return Failure(id_, error.code, error.message, {"key": error.key, "hint": error.hint})


def error_of(failure: Failure) -> IngleError:
    """The other side's error as an exception of ours; the reverse of `failure_of`."""
    data = failure.data if isinstance(failure.data, dict) else {}
    key, hint = str(data.get("key", "")), str(data.get("hint", ""))
    kind = _ERRORS.get((failure.code, key))
    if kind is not None:
        return kind(failure.message, hint)
    error = IngleError(failure.message, hint)
    error.code = failure.code  # type: ignore[misc]
    return error
