"""The numbers of JSON-RPC 2.0 (section 5.1) and of LSP that the wire uses beside those in `errors`."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REQUEST_CANCELLED = -32800

CANCEL = "$/cancelRequest"
"""Notification `{"id": ...}`: as in the Language Server Protocol."""
DELTA = "$/delta"
"""Notification `{"id": ..., "text": ...}`: a piece of a streamed answer."""
EVENT = "$/event"
"""Notification `{"topic", "name", "data"}`: something that a subscriber asked to hear."""
