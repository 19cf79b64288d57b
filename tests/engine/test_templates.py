"""llama.cpp's own chat templates beside ours, where it has one of the family.

It knows fewer families and two of them less exactly: it forgets Falcon 3's end of an answer and
the spaces around Llama 2's. There only one turn is compared.
"""

import ctypes

import llama_cpp.llama_cpp as ll
import pytest

from fakes.published import ALONE, WHOLE
from ingle.models.templates import Turn, render

pytestmark = pytest.mark.engine

SPOKEN = WHOLE[1:]
"""Without the system text: families without a system turn put it where llama.cpp does not."""
ONE = [("system", "Be brief."), ("user", "Hi")]

THEIRS: dict[str, tuple[str, list[list[Turn]]]] = {
    "chatml": ("chatml", [WHOLE, ALONE]),
    "llama2": ("llama2-sys-strip", [ONE, ALONE]),
    "llama3": ("llama3", [WHOLE, ALONE]),
    "mistral": ("mistral-v1", [WHOLE, ALONE]),
    "mistral-v3": ("mistral-v3", [SPOKEN, ONE]),
    "mistral-tekken": ("mistral-v3-tekken", [SPOKEN, ONE]),
    "mistral-v7": ("mistral-v7-tekken", [WHOLE, ALONE]),
    "gemma": ("gemma", [WHOLE, ALONE]),
    "phi3": ("phi3", [WHOLE, ALONE]),
    "phi4": ("phi4", [WHOLE, ALONE]),
    "falcon3": ("falcon3", [ONE, ALONE]),
    "stablelm-zephyr": ("zephyr", [WHOLE, ALONE]),
    "granite": ("granite", [WHOLE, ALONE]),
    "command-r": ("command-r", [WHOLE, ALONE]),
}


def theirs(name: str, turns: list[Turn]) -> str:
    chat = (ll.llama_chat_message * len(turns))(
        *[ll.llama_chat_message(role.encode(), content.encode()) for role, content in turns]
    )
    buffer = ctypes.create_string_buffer(4096)
    size = ll.llama_chat_apply_template(name.encode(), chat, len(turns), True, buffer, len(buffer))
    assert size > 0, f"llama.cpp does not know {name}"
    return buffer.raw[:size].decode()


@pytest.mark.parametrize("family", THEIRS)
def test_llama_cpp_writes_the_same(family: str) -> None:
    name, conversations = THEIRS[family]
    for turns in conversations:
        assert "".join(span.text for span in render(family, turns)) == theirs(name, turns)
