"""Citations: what is quoted stands in the source at that place, or is called absent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.assistant.citing import of_answer, of_passage
from ingle.assistant.quoting import Passage, Source
from ingle.assistant.sentences import split

TEXT = "The meeting on Tuesday is moved\nto Thursday at nine. Paul cannot come and sends his notes."
SOURCE = Source(TEXT, "mail", "/x/mail.txt")
PASSAGES = [Passage(SOURCE, sentence, 0.5) for sentence in split(TEXT)]


def test_a_sentence_is_cited_where_it_stands() -> None:
    cited = of_passage(PASSAGES[1])
    assert TEXT[cited.start : cited.end] == cited.quote
    assert (cited.document, cited.path, cited.verdict) == ("mail", "/x/mail.txt", "supported")


def test_a_quote_is_found_over_a_line_break_with_its_own_letters() -> None:
    (cited,) = of_answer("It says “is MOVED to Thursday at nine”.", "When?", PASSAGES)
    assert TEXT[cited.start : cited.end] == cited.quote == "is moved\nto Thursday at nine"


def test_an_invented_quote_is_absent() -> None:
    cited = of_answer('It says "the meeting is cancelled".', "When?", PASSAGES)
    assert cited[0].verdict == "absent"
    assert cited[0].document == ""


def test_an_answer_without_quotes_gets_the_sentence_that_says_it() -> None:
    (cited,) = of_answer("Paul sends notes.", "Who cannot come?", PASSAGES)
    assert cited.quote == PASSAGES[1].text


@pytest.mark.parametrize("answer", ["Bananas are yellow fruit.", "Jupiter."])
def test_what_nothing_supports_gets_no_citation(answer: str) -> None:
    assert of_answer(answer, "Why?", PASSAGES) == []


def test_without_passages_there_is_nothing_to_cite() -> None:
    assert of_answer("An answer.", "Why?", []) == []


@given(st.text(max_size=80), st.integers(0, 90), st.integers(8, 60))
def test_a_supported_citation_is_always_in_the_text(noise: str, start: int, length: int) -> None:
    answer = f'{noise} "{TEXT[start : start + length]}" {noise}'
    for cited in of_answer(answer, "", PASSAGES):
        if cited.verdict == "supported":
            assert TEXT[cited.start : cited.end] == cited.quote
