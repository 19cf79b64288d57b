"""Exit codes: what a script can tell from them, and which error means which."""

from ingle import errors as e

OK, ERROR, USAGE, UNAVAILABLE, NOT_PERMITTED, NOT_FOUND, CANCELLED = 0, 1, 2, 3, 4, 5, 130

MEANINGS: dict[int, str] = {
    OK: "done",
    ERROR: "something went wrong; the message says what",
    USAGE: "the command line or the parameters are wrong",
    UNAVAILABLE: "the daemon or the model is not available just now",
    NOT_PERMITTED: "not permitted, or the model is too small for it",
    NOT_FOUND: "there is no such file, model, skill, plugin, item or method",
    CANCELLED: "cancelled with Ctrl-C",
}

_CODES: tuple[tuple[tuple[type[e.IngleError], ...], int], ...] = (
    ((e.Cancelled,), CANCELLED),
    ((e.NotFound, e.ModelNotFound, e.MethodNotFound), NOT_FOUND),
    ((e.NotPermitted, e.ModelTooSmall), NOT_PERMITTED),
    ((e.InvalidParams, e.InvalidRequest), USAGE),
    ((e.PluginFailed,), ERROR),
    ((e.Unavailable,), UNAVAILABLE),
)
"""The first row that fits counts, so that the special stands before the general."""


def code_of(error: e.IngleError) -> int:
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), ERROR)
