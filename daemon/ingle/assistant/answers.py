"""`ask`: an answer from a text, from what is remembered, or from the model's own knowledge.

A tiny model answers with the sentence that answers, quoted; a larger one in its own words, with
citations that were looked up. "Nothing here answers that" is an answer, and is marked as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingle.assistant import citing
from ingle.assistant.quoting import Passage, Searched, Source, judge, search
from ingle.assistant.reading import room
from ingle.assistant.shape import Shape
from ingle.assistant.skills import Skill, filled
from ingle.assistant.turn import DATA, GIVEN, Delta, Prompt, Turn
from ingle.assistant.writing import Declined, shaped_answer
from ingle.engine.protocol import GenerateParams
from ingle.errors import ContextTooLong
from ingle.vocabulary import Coverage
from ingle.wire.calls.assistant import Citation

READ_CHARS = 1800
"""A larger model reads so much of the sources around the most promising sentences; in more of it a
0.5B model overlooks the answer."""

READ_PASSAGES = 4

NEAR = 0.34
"""Without a text of its own, a question that shares less with what is remembered is not about it."""

_NOT_IN_TEXT = ("not in the text", "the text does not", "the text doesn't", "not mentioned in the text")


@dataclass(frozen=True)
class Answer:
    """`strategy`: "scoring" quotes, "generative" writes."""

    text: str
    citations: tuple[Citation, ...]
    refused: bool
    strategy: str
    coverage: Coverage
    dropped: tuple[tuple[int, int], ...] = ()


async def quote(turn: Turn, question: str, sources: Sequence[Source], delta: Delta) -> Answer:
    """Answer with a sentence of the sources as it stands."""
    searched = await search(question, sources)
    turn.covers(_coverage(searched))
    judged = await judge(turn, question, searched.passages)
    if not judged or not judged[0].answers:
        return refusal(searched, "scoring", delta)
    passage = judged[0]
    delta(passage.text)
    turn.saw_text()
    return _answer(passage.text, [citing.of_passage(passage)], searched, "scoring")


def refusal(searched: Searched, strategy: str, delta: Delta) -> Answer:
    """Nothing that was read answers the question."""
    text = "Nothing in the text answers that." if searched.total else "There is no text to answer from."
    delta(text)
    return _answer(text, [], searched, strategy, refused=True)


async def write(
    turn: Turn, skill: Skill, question: str, sources: Sequence[Source], delta: Delta
) -> Answer:
    """Answer in words of the model's own from the sources; cite what can be found in them."""
    searched = await search(question, sources)
    turn.covers(_coverage(searched))
    text = _excerpt(searched, sources)
    values = {"question": _safe(question), "text": DATA}
    user = filled(skill.prompt.user, values, {"question": GIVEN})
    prompt = turn.prompt([("system", skill.prompt.system), ("user", user)], text)
    said = await _say(turn, skill, _params(turn, skill, prompt), delta)
    if said is None:
        return refusal(searched, "generative", delta)
    if said.lower().lstrip("\"'“").startswith(_NOT_IN_TEXT):
        return _answer(said, [], searched, "generative", refused=True)
    citations = citing.of_answer(said, question, searched.passages)
    return _answer(said, citations, searched, "generative")


async def know(turn: Turn, skill: Skill, question: str, delta: Delta) -> Answer:
    """Answer from what the model knows; there is nothing to cite."""
    prompt = turn.prompt([("system", "You answer briefly."), ("user", DATA)], question)
    said = await _say(turn, skill, _params(turn, skill, prompt), delta)
    coverage = Coverage(read=0, total=0, parts=0)
    if said is None:
        delta("The model has no answer.")
        return Answer("The model has no answer.", (), True, "generative", coverage)
    return Answer(said, (), False, "generative", coverage)


def is_about(searched: Searched) -> bool:
    """Whether what was found has to do with the question at all."""
    return bool(searched.passages) and searched.passages[0].overlap >= NEAR


def _params(turn: Turn, skill: Skill, prompt: Prompt) -> GenerateParams:
    parameters = skill.parameters
    return GenerateParams(
        spans=prompt.spans,
        prefix_spans=prompt.recurring,
        max_tokens=min(parameters.length.of(0), room(turn) // 3),
        temperature=parameters.temperature,
        seed=1,
        stop=list(parameters.stop),
        draft=True,
    )


async def _say(turn: Turn, skill: Skill, params: GenerateParams, delta: Delta) -> str | None:
    try:
        return (await shaped_answer(turn, params, Shape(skill.parameters.sentences), delta)).text
    except Declined:
        return None


def _excerpt(searched: Searched, sources: Sequence[Source]) -> str:
    """All of short sources; of long ones the promising sentences with what stands around them."""
    if searched.total <= READ_CHARS:
        return "\n\n".join(source.text for source in sources)
    if not searched.passages:
        raise ContextTooLong("there is no sentence in so long a text")
    passages = searched.passages[:READ_PASSAGES]
    around = READ_CHARS // len(passages) // 2
    found: list[str] = []
    for passage in passages:
        piece = _around(passage, around)
        if piece not in found:
            found.append(piece)
    return "\n[...]\n".join(found)


def _around(passage: Passage, chars: int) -> str:
    text, sentence = passage.source.text, passage.sentence
    start = max(0, sentence.start - chars // 2)
    return text[start : sentence.end + chars // 2].strip()


def _answer(
    text: str,
    citations: Sequence[Citation],
    searched: Searched,
    strategy: str,
    *,
    refused: bool = False,
) -> Answer:
    return Answer(text, tuple(citations), refused, strategy, _coverage(searched), searched.dropped)


def _coverage(searched: Searched) -> Coverage:
    return Coverage(read=searched.read, total=searched.total, parts=len(searched.passages))


def _safe(question: str) -> str:
    return question.replace(DATA, "").replace(GIVEN, "")
