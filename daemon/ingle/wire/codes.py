"""The names on the wire that are no methods of ours, and the code of a bug; other codes: `errors`."""

INTERNAL_ERROR = -32603

CANCEL = "$/cancelRequest"
"""Notification `{"id": ...}`: as in the Language Server Protocol."""
DELTA = "$/delta"
"""Notification `{"id": ..., "text": ...}`: a piece of a streamed answer."""
EVENT = "$/event"
"""Notification `{"topic", "name", "data"}`: something that a subscriber asked to hear."""
