"""From bytes to text that may be shown, however the tokens cut it."""

from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.text import TextStream, character_ends


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, position = [], 0
    for size in sizes:
        pieces.append(data[position : position + size])
        position += size
    return [*pieces, data[position:]]


sizes = st.lists(st.integers(0, 4), max_size=40)


@given(st.text(), sizes)
def test_text_arrives_whole_however_it_is_cut(text: str, cuts: list[int]):
    stream = TextStream([])
    shown = [stream.feed(piece) for piece in cut(text.encode(), cuts)]
    assert "".join([*shown, stream.finish()]) == text


@given(st.text("abé"), st.lists(st.text("abé", min_size=1), min_size=1, max_size=3), sizes)
def test_nothing_of_a_stop_string_is_ever_shown(text: str, stops: list[str], cuts: list[int]):
    stream = TextStream(stops)
    shown = "".join(stream.feed(piece) for piece in cut(text.encode(), cuts)) + stream.finish()
    first = min((text.find(stop) for stop in stops if stop in text), default=len(text))
    if stream.is_stopped:
        assert text.startswith(shown)
        assert any(text[len(shown) :].startswith(stop) for stop in stops)
    else:
        assert shown == text
    assert stream.is_stopped == (first < len(text))


@given(st.text("abé"), st.lists(st.text("abé", min_size=1), min_size=1, max_size=3), sizes, sizes)
def test_what_is_shown_does_not_depend_on_the_tokens(
    text: str, stops: list[str], cuts: list[int], others: list[int]
):
    def shown(sizes: list[int]) -> str:
        stream = TextStream(stops)
        return "".join(map(stream.feed, cut(text.encode(), sizes))) + stream.finish()

    ends = [end for end in range(len(text) + 1) if any(text[:end].endswith(stop) for stop in stops)]
    if ends:
        whole = text[: ends[0]]
        longest = max(len(stop) for stop in stops if whole.endswith(stop))
        assert shown(cuts) == whole[: len(whole) - longest]
    assert shown(cuts) == shown(others)


def test_what_may_begin_a_stop_string_is_held_back_and_then_released():
    stream = TextStream(["\n\nQ:"])
    assert stream.feed(b"yes\n") == "yes"
    assert stream.feed(b"\n") == ""
    assert stream.feed(b"no") == "\n\nno"


def test_half_a_character_waits_and_is_dropped_at_the_end():
    stream = TextStream([])
    assert stream.feed("é".encode()[:1]) == ""
    assert stream.finish() == ""


def test_bytes_that_are_no_character_are_shown_as_replaced():
    assert TextStream([]).feed(b"\xff!") == "\ufffd!"


@given(st.text(), sizes)
def test_character_ends_count_whole_characters(text: str, cuts: list[int]):
    pieces = cut(text.encode(), cuts)
    ends = character_ends(text, pieces)
    assert ends == sorted(ends)
    assert ends[-1] == len(text)
    for index, end in enumerate(ends):
        read = b"".join(pieces[: index + 1])
        assert text[:end] == read.decode("utf-8", "ignore")


def test_a_space_that_the_tokeniser_adds_is_not_counted():
    assert character_ends("the sea", [b" the", b" sea"]) == [3, 7]
