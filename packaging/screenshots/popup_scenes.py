"""The popup, with canned answers: empty, with choices, streaming, with changes, in trouble."""

from typing import Any

from PIL import Image
from scenery import picture, popup
from scenes import scene

from desktop import popup_stage
from desktop.popup_stage import Stage
from ingle.errors import ModelTooSmall

LETTER = (
    "hi anna, i has looked on the figures you send me yesterday and there is two things what dont "
    "fit together. can we talk about it tomorow at 10? otherwise i will be in the office until friday."
)
FIXED = (
    "Hi Anna, I have looked at the figures you sent me yesterday and there are two things that don't "
    "fit together. Can we talk about it tomorrow at 10? Otherwise I will be in the office until Friday."
)
ARTICLE = (
    "The city council decided on Monday to plant four hundred trees along the river before spring. "
    "The money comes from a fund that was set up after the floods of 2021. "
) * 12
SUMMARY = (
    "The council will plant four hundred trees along the river before spring, paid from the fund set "
    "up after the floods of 2021. Volunteers are asked to sign up by the end of the month, and the "
    "first trees will be planted near the old"
)
SHALOM = "שלום אנה, בדקתי את המספרים ששלחת אתמול ויש שני דברים שלא מסתדרים. אפשר לדבר מחר בעשר?"


def _taken(text: str, program: str = "Mousepad") -> dict[str, Any]:
    return {**popup_stage.TAKEN, "text": text, "program": program}


def _with_real_names() -> None:
    """The rows of a real daemon, as a person with a small model sees them."""
    popup_stage.MODELS[0] |= {"name": "qwen2.5-1.5b-instruct"}
    popup_stage.MODELS[1] |= {"name": "qwen2.5-0.5b-instruct"}
    popup_stage.FIGURES["model"] = "qwen2.5-1.5b-instruct"
    summaries = {
        "rewrite": "The same text in another tone",
        "fix": "The same text with its spelling and grammar corrected",
        "summarize": "The gist of a text in a few sentences",
        "translate": "The same text in another language",
        "explain": "What a text, a message or a piece of code means, in simple words",
        "title": "A title for a text",
        "extract": "Facts of a text as JSON, in the shape of a schema",
    }
    args: dict[str, dict[str, str]] = {"rewrite": {"tone": ""}, "translate": {"to": ""}}
    popup_stage.SKILLS[:] = [
        {"name": name, "summary": summary, "needs": "small", "args": args.get(name, {}),
         "available": name != "extract", "strategy": "generative",
         "required": ["to"] if name == "translate" else []}
        for name, summary in summaries.items()
    ]  # fmt: skip


async def _fix(made: Stage) -> Image.Image:
    made.answers.figures = {
        "finish_reason": "stop", "model": "qwen2.5-1.5b-instruct",
        "usage": {"output_tokens": 52}, "timing": {"decode_ms": 1500.0, "total_ms": 1700.0},
    }  # fmt: skip
    popup_stage.COVERAGE |= {"read": len(LETTER), "total": len(LETTER)}
    made.commands["selection.take"] = _taken(LETTER)
    await made.show(skill="fix")
    made.answers.say(FIXED)
    made.answers.end()
    await made.reader.wait("status bar", "changes")
    return await picture(made)


async def _choices(made: Stage) -> Image.Image:
    made.commands["selection.take"] = _taken(LETTER)
    await made.show()
    await made.reader.wait("list item", "Rewrite")
    return await picture(made)


@scene
async def popup_light() -> Image.Image:
    _with_real_names()
    async with popup(theme="light") as made:
        return await _choices(made)


@scene
async def popup_dark() -> Image.Image:
    _with_real_names()
    async with popup(theme="dark") as made:
        return await _choices(made)


@scene
async def popup_empty() -> Image.Image:
    _with_real_names()
    async with popup(theme="light") as made:
        made.commands["selection.take"] = {**_taken(""), "source": "none"}
        await made.show()
        return await picture(made)


@scene
async def popup_typing() -> Image.Image:
    _with_real_names()
    async with popup(theme="dark") as made:
        made.commands["selection.take"] = _taken(LETTER)
        await made.show()
        await made.reader.type("make it shorter and more polite")
        await made.reader.wait("list item", "Change it")
        return await picture(made)


@scene
async def popup_streaming() -> Image.Image:
    _with_real_names()
    async with popup(theme="light") as made:
        made.commands["selection.take"] = _taken(ARTICLE, "Firefox")
        await made.show(skill="summarize")
        made.answers.covers(len(ARTICLE), len(ARTICLE))
        for word in SUMMARY.split(" "):
            made.answers.say(word + " ")
            await made.reader.answer(word)
        found = await picture(made)
        made.answers.end()
        return found


@scene
async def popup_diff() -> Image.Image:
    _with_real_names()
    async with popup(theme="light") as made:
        return await _fix(made)


@scene
async def popup_diff_dark() -> Image.Image:
    _with_real_names()
    async with popup(theme="dark") as made:
        return await _fix(made)


@scene
async def popup_error() -> Image.Image:
    _with_real_names()
    popup_stage.MODELS[0] |= {"name": "smollm2-135m-instruct"}
    async with popup(theme="light") as made:
        made.commands["selection.take"] = _taken(LETTER)
        await made.show(skill="rewrite")
        made.answers.fail(ModelTooSmall("smollm2-135m-instruct is too small for 'rewrite'"))
        await made.reader.wait("alert", "too small")
        return await picture(made)


@scene
async def popup_right_to_left() -> Image.Image:
    _with_real_names()
    async with popup(theme="light") as made:
        popup_stage.COVERAGE |= {"read": len(SHALOM), "total": len(SHALOM)}
        made.commands["selection.take"] = _taken(SHALOM, "LibreOffice Writer")
        await made.show()
        await made.reader.type("על מה זה?")
        made.key("Return")
        made.answers.say("אנה מתבקשת לדבר מחר בעשר על שני מספרים שלא מסתדרים.")
        made.answers.end()
        await made.reader.wait("push button", "Copy")
        return await picture(made)
