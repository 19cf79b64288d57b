"""What all parameter and result types share: strict on the way in, plain on the way out."""

from typing import Annotated

import msgspec


class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a method; the order of the fields is their order in a positional call."""


class Result(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """A result; an optional field that is unset does not stand on the wire."""


class NoParams(Params, frozen=True):
    pass


class Done(Result, frozen=True):
    """The whole answer of a method that only does something."""

    ok: bool = True


Text = Annotated[str, msgspec.Meta(min_length=1)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
