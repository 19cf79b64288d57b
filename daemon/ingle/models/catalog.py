"""The models that Ingle knows by name, read from `catalog.toml` beside this file."""

import tomllib
from functools import cache
from importlib import resources

import msgspec

from ingle.vocabulary import TIERS, Tier

EMBEDDED = "smollm2-135m-instruct"
"""Comes with the set-up; small enough for every machine."""


class CatalogEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row; `size_mb` is for people, `sha256` empty means that the hub's own hash is checked."""

    name: str
    summary: str
    source: str
    size_mb: int
    licence: str
    family: str
    tier: Tier | None = None
    """None for an embedder, which writes nothing."""
    n_ctx: int
    layers: int
    kv_bytes: int
    """What a token of the context takes in f16: for an estimate before the file is here."""
    sha256: str = ""

    @property
    def kind(self) -> str:
        """As in `ModelInfo`."""
        return "model" if self.tier else "embedder"

    @property
    def size_text(self) -> str:
        """ "about 490 MB"."""
        if self.size_mb < 1000:
            return f"about {self.size_mb} MB"
        return f"about {self.size_mb / 1000:.1f} GB"


class _Catalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    model: list[CatalogEntry]


@cache
def catalog() -> dict[str, CatalogEntry]:
    """All entries by name."""
    text = resources.files("ingle.models").joinpath("catalog.toml").read_text("utf-8")
    entries = msgspec.convert(tomllib.loads(text), _Catalog).model
    return {entry.name: entry for entry in entries}


def suggestion(tier: Tier) -> CatalogEntry:
    """The smallest model of at least `tier`: what a skill names when the resident one cannot do it."""
    tiers = TIERS[TIERS.index(tier) :]
    able = [entry for entry in catalog().values() if entry.tier in tiers]
    return min(able, key=lambda entry: entry.size_mb)
