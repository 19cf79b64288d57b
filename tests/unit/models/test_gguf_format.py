"""Foreign bytes never get past the header's checks, and never cost more than the checks."""

import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingle.errors import BadModelFile
from ingle.models import gguf_format
from ingle.models.gguf import Header, read_header

MOST_MEMORY = 16 << 20
"""Far below what a believed count of billions would take."""

U8, U32, F32, BOOL, TEXT, ARRAY, U64 = 0, 4, 6, 7, 8, 9, 10
F16_WEIGHTS, Q8_0_WEIGHTS = 1, 8


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return u64(len(data)) + data


def pair(key: str | bytes, kind: int, value: bytes) -> bytes:
    return text(key) + u32(kind) + value


def tensor(
    name: str = "w", shape: tuple[int, ...] = (32,), kind: int = F16_WEIGHTS, offset: int = 0
) -> bytes:
    return text(name) + u32(len(shape)) + b"".join(map(u64, shape)) + u32(kind) + u64(offset)


ARCHITECTURE = pair("general.architecture", TEXT, text("llama"))


def model(
    *pairs: bytes,
    tensors: tuple[bytes, ...] | None = None,
    data: bytes = bytes(64),
    version: int = 3,
    n_pairs: int | None = None,
    n_tensors: int | None = None,
    alignment: int = 32,
) -> bytes:
    """A GGUF file put together by hand, right unless a test says otherwise."""
    tensors = (tensor(),) if tensors is None else tensors
    all_pairs = (ARCHITECTURE, *pairs)
    counts = u64(len(tensors) if n_tensors is None else n_tensors)
    counts += u64(len(all_pairs) if n_pairs is None else n_pairs)
    head = b"GGUF" + u32(version) + counts + b"".join(all_pairs) + b"".join(tensors)
    return head + bytes(-len(head) % alignment) + data


def parse(data: bytes) -> gguf_format.Parsed:
    return gguf_format.parse(BytesIO(data), len(data))


def complaint(data: bytes) -> str:
    with pytest.raises(BadModelFile) as caught:
        parse(data)
    assert caught.value.hint, "an error without a next step"
    return caught.value.message


@pytest.mark.parametrize("version", [2, 3])
def test_a_file_by_hand_is_read(version: int) -> None:
    found = parse(model(version=version))
    assert found.pairs == {"general.architecture": "llama"}
    assert [(one.name, one.shape, one.type, one.size) for one in found.tensors] == [
        ("w", (32,), "F16", 64)
    ]


@pytest.mark.parametrize(
    ("version", "words"),
    [(0, "version is 0"), (1, "version is 1"), (4, "version is 4"), (3 << 24, "big-endian")],
)
def test_another_version_is_named(version: int, words: str) -> None:
    assert words in complaint(model(version=version))


def test_an_empty_file_is_named() -> None:
    assert "empty" in complaint(b"")


def test_a_file_that_is_no_gguf_is_named() -> None:
    assert "old GGJT file" in complaint(b"tjgg" + bytes(100))


@pytest.mark.parametrize("count", [2**64 - 1, 2**63, 2**32, 100_000])
def test_a_huge_count_is_refused_before_anything_is_read(count: int) -> None:
    assert f"claims {count} tensors" in complaint(model(n_tensors=count))
    assert f"claims {count} metadata pairs" in complaint(model(n_pairs=count))


def test_a_file_without_tensors_is_refused() -> None:
    assert "no tensors" in complaint(model(tensors=()))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (pair("general.architecture", TEXT, text("x")), "appears twice"),
        (pair("", U8, b"\1"), "is empty"),
        (pair(b"\xff\xfe", U8, b"\1"), "not UTF-8"),
        (pair("k", TEXT, text(b"\xc3\x28")), "not UTF-8"),
        (pair("k" * 65_536, U8, b"\1"), "claims 65536 bytes"),
        (pair("k", TEXT, u64(2**63)), "claims 9223372036854775808 bytes"),
        (pair("k", TEXT, u64(2**20 + 1)), "claims 1048577 bytes"),
        (pair("k", 13, b""), "unknown type 13"),
        (pair("k", 2**32 - 1, b""), "unknown type"),
        (pair("k", ARRAY, u32(13) + u64(1)), "unknown type 13"),
        (pair("k", ARRAY, u32(ARRAY) + u64(1) + u32(U8) + u64(1)), "array of arrays"),
        (pair("k", ARRAY, u32(U8) + u64(2**64 - 1)), "more than a header holds"),
        (pair("k", ARRAY, u32(TEXT) + u64(2**24)), "more than a header holds"),
        (pair("k", ARRAY, u32(TEXT) + u64(1) + u64(2**40)), "claims 1099511627776 bytes"),
        (pair("k", ARRAY, u32(TEXT) + u64(2000) + u64(2**40)), "claims 1099511627776 bytes"),
        (pair("split.count", U32, u32(3)), "one part of 3"),
        (pair("adapter.lora.alpha", U32, u32(3)), "expected a float32"),
    ],
)
def test_a_bad_pair_is_named(bad: bytes, words: str) -> None:
    assert words in complaint(model(bad))


def test_a_foreign_text_is_quoted_short_and_without_control_characters() -> None:
    message = complaint(model(pair("\x1b[31m" * 10_000, 13, b"")))
    assert message.isprintable()
    assert len(message) < 500


@pytest.mark.parametrize("alignment", [0, 1, 4, 24, 33, 2**17, 2**31])
def test_an_alignment_that_is_no_power_of_two_in_bounds_is_refused(alignment: int) -> None:
    assert "alignment" in complaint(model(pair("general.alignment", U32, u32(alignment))))


@pytest.mark.parametrize(
    "bad", [pair("general.alignment", TEXT, text("32")), pair("general.alignment", BOOL, b"\1")]
)
def test_an_alignment_that_is_no_number_is_refused(bad: bytes) -> None:
    assert "alignment" in complaint(model(bad))


@pytest.mark.parametrize("alignment", [8, 64, 65_536])
def test_another_alignment_is_respected(alignment: int) -> None:
    found = parse(model(pair("general.alignment", U32, u32(alignment)), alignment=alignment))
    assert found.data_offset % alignment == 0


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (tensor("n" * 64), "claims 64 bytes"),
        (tensor(shape=(1,) * 5), "5 dimensions"),
        (text("w") + u32(2**32 - 1), "4294967295 dimensions"),
        (tensor(shape=(32, 0)), "impossible shape"),
        (tensor(shape=(2**63, 2**63)), "impossible shape"),
        (tensor(shape=(2**24, 2**25)), "impossible shape"),
        (tensor(kind=31), "Q4_0_4_4, which llama.cpp has dropped"),
        (tensor(kind=999), "unknown type 999"),
        (tensor(shape=(31,), kind=Q8_0_WEIGHTS), "multiple of 32"),
        (tensor(offset=32), "offset 32, expected 0"),
        (tensor(offset=2**63), "expected 0"),
    ],
)
def test_a_bad_tensor_is_named(bad: bytes, words: str) -> None:
    assert words in complaint(model(tensors=(bad,)))


def test_tensors_stand_one_after_the_other() -> None:
    parse(model(tensors=(tensor("a"), tensor("b", offset=64)), data=bytes(128)))
    twice = (tensor("a"), tensor("a", offset=64))
    assert "'a' appears twice" in complaint(model(tensors=twice))
    over_each_other = (tensor("a"), tensor("b", offset=32))
    assert "offset 32, expected 64" in complaint(model(tensors=over_each_other))


def test_a_truncated_file_says_how_much_is_missing() -> None:
    whole = model()
    message = complaint(whole[:-10])
    assert f"10 of {len(whole)} bytes are missing" in message


def test_padding_after_the_last_tensor_is_not_asked_for() -> None:
    parse(model(tensors=(tensor(shape=(3,)),), data=bytes(6)))


def test_a_file_cut_anywhere_is_truncated() -> None:
    whole = model(pair("k", TEXT, text("value")), pair("a", ARRAY, u32(U8) + u64(3) + b"abc"))
    for end in range(4, len(whole)):
        assert "truncated" in complaint(whole[:end]), end


def test_a_file_that_shrinks_while_it_is_read_is_truncated() -> None:
    whole = model()
    with pytest.raises(BadModelFile, match="truncated"):
        gguf_format.parse(BytesIO(whole[:60]), len(whole))


def test_a_header_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_format, "MAX_HEADER_BYTES", 4096)
    assert "header is over" in complaint(model(pair("k", TEXT, text("x" * 5000))))


@pytest.mark.parametrize("size", [0, 1, 7, 900, 7000])
def test_a_long_array_of_texts_is_skipped_to_its_end(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gguf_format, "WINDOW_BYTES", 1000)
    count = gguf_format.KEPT_ELEMENTS + 1
    texts = pair("k", ARRAY, u32(TEXT) + u64(count) + text("x" * size) * count)
    found = parse(model(texts, pair("last", U8, b"\7")))
    assert found.pairs["k"] == gguf_format.LongArray("string", count)
    assert found.pairs["last"] == 7


# --- any bytes at all

SOME_NUMBERS = (
    0,
    1,
    2,
    31,
    2**16,
    2**20,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**48,
    2**63 - 1,
    2**63,
    2**64 - 1,
)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spoiled") / "model.gguf"


@pytest.fixture(scope="module")
def sound(tiny_model: Path) -> bytes:
    return tiny_model.read_bytes()


@contextmanager
def bounded_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY


def survives(path: Path, data: bytes) -> None:
    """`BadModelFile` or a header whose tensors are there: anything else fails the test."""
    path.write_bytes(data)
    with bounded_memory():
        found = outcome(path)
    if isinstance(found, Header):
        assert all(found.data_offset + one.offset + one.size <= len(data) for one in found.tensors)
    else:
        assert found.message
        assert found.hint


def outcome(path: Path) -> Header | BadModelFile:
    try:
        return read_header(path)
    except BadModelFile as error:
        return error


quick = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
places = st.integers(0, 12_000)
"""The header of the tiny model is 10 kB; its data is of no interest."""


@quick
@given(flips=st.lists(st.tuples(places, st.integers(1, 255)), min_size=1, max_size=8))
def test_flipped_bytes_are_survived(spoiled: Path, sound: bytes, flips: list[tuple[int, int]]) -> None:
    data = bytearray(sound)
    for place, mask in flips:
        data[place] ^= mask
    survives(spoiled, bytes(data))


@quick
@given(end=st.integers(0, 300_000))
@example(end=0)
@example(end=4)
def test_truncation_is_survived_and_never_accepted(spoiled: Path, sound: bytes, end: int) -> None:
    survives(spoiled, sound[:end])
    last = parse(sound).tensors[-1]
    if end < parse(sound).data_offset + last.offset + last.size:
        with pytest.raises(BadModelFile):
            read_header(spoiled)


@quick
@given(place=places, number=st.sampled_from(SOME_NUMBERS), wide=st.booleans())
def test_huge_numbers_anywhere_are_survived(
    spoiled: Path, sound: bytes, place: int, number: int, wide: bool
) -> None:
    written = u64(number) if wide else u32(number & 0xFFFF_FFFF)
    survives(spoiled, sound[:place] + written + sound[place + len(written) :])


@quick
@given(place=places, inserted=st.binary(min_size=1, max_size=64), removed=st.integers(0, 64))
def test_inserted_and_lost_bytes_are_survived(
    spoiled: Path, sound: bytes, place: int, inserted: bytes, removed: int
) -> None:
    survives(spoiled, sound[:place] + inserted + sound[place + removed :])


@quick
@given(data=st.binary(max_size=2000), magic=st.sampled_from([b"", b"GGUF", b"GGUF\3\0\0\0"]))
def test_any_bytes_are_survived(spoiled: Path, data: bytes, magic: bytes) -> None:
    survives(spoiled, magic + data)
