"""What the resident model is trusted with, and what to say where that is not enough."""

from ingle.assistant.skills import Skill
from ingle.errors import BadModelFile, ModelNotFound, ModelTooSmall
from ingle.models.catalog import suggestion
from ingle.models.library import InstalledModel, Library
from ingle.vocabulary import Tier

UNMEASURED: Tier = "tiny"
"""A model of which nothing is known is trusted with nothing."""


def tier_of(library: Library, model: InstalledModel | None) -> Tier:
    """The measured tier, also where it was measured after the model was loaded."""
    if model is None:
        return UNMEASURED
    try:
        found = library.find(model.name)
    except (ModelNotFound, BadModelFile):  # gone or damaged while it is resident
        found = model
    return found.tier or UNMEASURED


def too_small(skill: Skill, model: InstalledModel | None) -> ModelTooSmall:
    """The error of a skill that the model cannot do; the hint names one that can."""
    name = model.name if model else "no model"
    return ModelTooSmall(
        f"{name} is too small for {skill.name!r}, which needs a {skill.needs} model", hint(skill.needs)
    )


def too_small_to_know(model: InstalledModel) -> ModelTooSmall:
    """The error of a question without a text, asked of a model that only quotes."""
    return ModelTooSmall(
        f"{model.name} is too small to answer from its own knowledge: give it a text"
        " (`ingle ask QUESTION FILE`)",
        hint("small"),
    )


def hint(tier: Tier) -> str:
    """Which model to pull for a tier, with its size and licence."""
    entry = suggestion(tier)
    return (
        f"`ingle model pull {entry.name}` ({entry.size_text}, {entry.licence}) gets one that can;"
        " --anyway tries it all the same"
    )
