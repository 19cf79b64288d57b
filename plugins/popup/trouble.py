"""From an error of the daemon to words and ways out. Pure.

Where the resident model is too small, the way out is one that is here already, or one to be
pulled; pulling uses the network and stays the person's own command.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ingle.sdk import IngleError, naming

from .model import Offer, Trouble
from .wording import plainly

TIERS = ("tiny", "small", "medium")
TOO_SMALL = "model_too_small"
ANYWAY = Offer("anyway", "Try it _anyway")
AGAIN = Offer("again", "_Try again")


def trouble_of(
    error: IngleError, models: Sequence[Mapping[str, Any]], needs: str, task: str = "this"
) -> Trouble:
    """`needs` is the tier that the task wants; `models` are those of `model.list`."""
    if error.key == TOO_SMALL:
        return _too_small(error, models, needs, task)
    return Trouble(plainly(error.message), plainly(error.hint), (AGAIN,))


def _too_small(error: IngleError, models: Sequence[Mapping[str, Any]], needs: str, task: str) -> Trouble:
    resident = next((one["name"] for one in models if one.get("state") == "resident"), "The model")
    title = f"{naming.model(resident)} is too small for {task if task == 'this' else f'“{task}”'}"
    able = sorted(
        (one for one in models if _can(one, needs)), key=lambda one: int(one.get("size_bytes") or 0)
    )
    here = next((one for one in able if one.get("state") == "installed"), None)
    if here is not None:
        called = naming.model(here["name"])
        text = f"{called} is on this machine and can do it."
        label = "_Switch to " + called.replace("_", "__")  # one alone would be a mnemonic
        return Trouble(title, text, (Offer("use", label, here["name"]), ANYWAY))
    there = next((one for one in able if one.get("state") == "available"), None)
    if there is None:
        return Trouble(title, plainly(error.hint.partition(";")[0]), (ANYWAY,))
    size = naming.size(int(there.get("size_bytes") or 0))
    pull = f"ingle model pull {there['name']}"
    text = (
        f"The smallest that can do it is {naming.model(there['name'])} ({size}, {there.get('licence')})."
        f" In a terminal, this gets it:  {pull}"
    )
    return Trouble(title, text, (Offer("copy", "_Copy the command", pull), ANYWAY))


def _can(model: Mapping[str, Any], needs: str) -> bool:
    tier, wanted = model.get("tier"), needs if needs in TIERS else "small"
    is_model = model.get("kind", "model") == "model"
    return is_model and tier in TIERS and TIERS.index(str(tier)) >= TIERS.index(wanted)
