"""The public methods, one file a family; the table of `wire.schema` says what they take and give."""

from collections.abc import Mapping

from ingle.rpc.dispatcher import Handler, Route
from ingle.wire.schema import METHODS


def routes(*families: Mapping[str, Handler]) -> dict[str, Route]:
    """Join the families with the published table; a method on one side only is a bug."""
    handlers = {name: handler for family in families for name, handler in family.items()}
    unmatched = handlers.keys() ^ METHODS.keys()
    if unmatched:
        raise LookupError(f"methods without a handler or a row in wire.schema: {sorted(unmatched)}")
    return {name: Route(handlers[name], row.params, row.grant) for name, row in METHODS.items()}
