"""The catalog is complete, agrees with the templates, and promises no more than is known."""

import re

import pytest

from ingle.models.catalog import EMBEDDED, CatalogEntry, catalog, suggestion
from ingle.models.formats import TEMPLATES
from ingle.vocabulary import TIERS, Tier


@pytest.mark.parametrize("entry", catalog().values(), ids=lambda entry: entry.name)
def test_an_entry_can_be_pulled_and_used(entry: CatalogEntry) -> None:
    assert re.fullmatch(r"[a-z0-9.-]+", entry.name)
    assert entry.family in TEMPLATES
    assert entry.source.startswith(("hf:", "pypi:"))
    assert entry.source.endswith(".gguf")
    assert re.fullmatch(r"[0-9a-f]{64}|", entry.sha256)
    assert entry.licence
    assert entry.summary
    assert entry.n_ctx >= (512 if entry.kind == "embedder" else 2048)


def test_the_embedded_one_is_pinned() -> None:
    assert catalog()[EMBEDDED].sha256
    assert "==" in catalog()[EMBEDDED].source


def test_no_name_stands_there_twice() -> None:
    sources = [entry.source for entry in catalog().values()]
    assert len(sources) == len(set(sources))


@pytest.mark.parametrize("tier", TIERS)
def test_there_is_a_model_for_every_tier(tier: Tier) -> None:
    assert suggestion(tier).tier in TIERS[TIERS.index(tier) :]


def test_what_writes_is_suggested_under_a_free_licence() -> None:
    assert (suggestion("small").name, suggestion("small").licence) == (
        "qwen2.5-0.5b-instruct",
        "Apache-2.0",
    )


@pytest.mark.parametrize(("size_mb", "text"), [(98, "about 98 MB"), (1120, "about 1.1 GB")])
def test_a_size_is_told_as_people_say_it(size_mb: int, text: str) -> None:
    entry = catalog()[EMBEDDED]
    known = {field: getattr(entry, field) for field in entry.__struct_fields__}
    assert CatalogEntry(**{**known, "size_mb": size_mb}).size_text == text
