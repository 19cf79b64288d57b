"""What a model is trusted with, and the words where it is not enough."""

from pathlib import Path

from fakes import tiny_gguf
from fakes.toy_engine import toy_model
from ingle.assistant.ability import hint, tier_of, too_small, too_small_to_know
from ingle.assistant.skills import SkillSet
from ingle.models.library import Library


def test_what_was_measured_counts_more_than_what_was_known_at_loading(tmp_path: Path) -> None:
    library = Library(tmp_path)
    assert tier_of(library, toy_model("small")) == "small"
    tiny_gguf.build(library.path_of("toy"))
    library.record_eval("toy", "medium", {})
    assert tier_of(library, toy_model("small")) == "medium"


def test_an_unknown_or_missing_model_is_tiny(tmp_path: Path) -> None:
    assert tier_of(Library(tmp_path), toy_model(None)) == "tiny"
    assert tier_of(Library(tmp_path), None) == "tiny"


def test_the_error_is_one_line_and_names_a_model_with_size_and_licence() -> None:
    skill = SkillSet.load().skills["rewrite"]
    for error in (too_small(skill, toy_model()), too_small(skill, None), too_small_to_know(toy_model())):
        assert "too small" in error.message
        assert "\n" not in error.message + error.hint
        assert error.hint == hint("small")
    assert "ingle model pull" in hint("small")
    assert "MB" in hint("small") or "GB" in hint("small")
