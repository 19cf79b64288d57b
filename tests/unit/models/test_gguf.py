"""A GGUF header is read as the `gguf` package reads it, and any other file is a clear error."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest

from fakes import tiny_gguf
from ingle.errors import BadModelFile
from ingle.models.gguf import Header, read_header
from ingle.models.gguf_format import TensorInfo

Write = Callable[[gguf.GGUFWriter], object]


def write(path: Path, *steps: Write, architecture: str = "llama", kind: str = "F16") -> Path:
    """A file with one tensor and whatever `steps` add."""
    writer = gguf.GGUFWriter(path, architecture)
    for step in steps:
        step(writer)
    raw = gguf.GGMLQuantizationType[kind]
    weights = np.ones((4, 64), np.float32)
    writer.add_tensor("token_embd.weight", gguf.quants.quantize(weights, raw), raw_dtype=raw)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def refused(path: Path) -> BadModelFile:
    with pytest.raises(BadModelFile) as caught:
        read_header(path)
    assert caught.value.hint, "an error without a next step"
    return caught.value


def test_the_tiny_model_is_described(tiny_model: Path) -> None:
    header = read_header(tiny_model)
    assert (header.architecture, header.name, header.quantization) == ("llama", "tiny-random", "F16")
    assert (header.n_ctx_train, header.n_layers, header.n_embd) == (2048, 2, 64)
    assert (header.n_head, header.n_head_kv) == (4, 2)
    assert header.n_vocab == len(tiny_gguf.vocabulary().texts)
    assert header.chat_template == tiny_gguf.CHATML
    assert header.size_bytes == tiny_model.stat().st_size


@pytest.mark.parametrize("seed", [0, 1])
def test_it_agrees_with_the_gguf_package(tmp_path: Path, seed: int) -> None:
    path = tiny_gguf.build(tmp_path / "model.gguf", seed=seed, n_ctx=512)
    ours, theirs = read_header(path), gguf.GGUFReader(path)
    assert ours.data_offset == theirs.data_offset
    assert ours.parameters == sum(int(tensor.n_elements) for tensor in theirs.tensors)
    assert ours.tensors == [
        TensorInfo(
            tensor.name,
            tuple(int(size) for size in tensor.shape),
            tensor.tensor_type.name,
            int(tensor.data_offset) - theirs.data_offset,
            int(tensor.n_bytes),
        )
        for tensor in theirs.tensors
    ]
    fields = {key: field for key, field in theirs.fields.items() if not key.startswith("GGUF.")}
    assert list(ours.metadata) == list(fields)
    for key, field in fields.items():
        if field.types[0] != gguf.GGUFValueType.ARRAY:
            assert ours.metadata[key] == field.contents(), key


def test_every_kind_of_value_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "values.gguf",
        lambda writer: writer.add_uint8("u8", 255),
        lambda writer: writer.add_int8("i8", -128),
        lambda writer: writer.add_uint16("u16", 65_535),
        lambda writer: writer.add_int16("i16", -32_768),
        lambda writer: writer.add_uint32("u32", 2**32 - 1),
        lambda writer: writer.add_int32("i32", -(2**31)),
        lambda writer: writer.add_uint64("u64", 2**64 - 1),
        lambda writer: writer.add_int64("i64", -(2**63)),
        lambda writer: writer.add_float32("f32", 0.5),
        lambda writer: writer.add_float64("f64", 0.1),
        lambda writer: writer.add_bool("yes", True),
        lambda writer: writer.add_string("text", "grüße 🌍"),
        lambda writer: writer.add_array("numbers", [1, 2, 3]),
        lambda writer: writer.add_array("texts", ["a", "b"]),
    )
    found = read_header(path).metadata
    del found["general.architecture"]
    assert found == {
        "u8": 255,
        "i8": -128,
        "u16": 65_535,
        "i16": -32_768,
        "u32": 2**32 - 1,
        "i32": -(2**31),
        "u64": 2**64 - 1,
        "i64": -(2**63),
        "f32": 0.5,
        "f64": 0.1,
        "yes": True,
        "text": "grüße 🌍",
        "numbers": [1, 2, 3],
        "texts": ["a", "b"],
    }


@pytest.mark.parametrize("count", [64, 65, 1024, 1025, 200_000])
def test_a_long_array_is_named_and_not_listed(tmp_path: Path, count: int) -> None:
    path = write(
        tmp_path / "long.gguf",
        lambda writer: writer.add_array("numbers", list(range(count))),
        lambda writer: writer.add_token_list([f"token {number}" for number in range(count)]),
        lambda writer: writer.add_string("last", "still read"),
    )
    header = read_header(path)
    expected = list(range(count)) if count == 64 else f"[{count} numbers]"
    assert header.metadata["numbers"] == expected
    assert count == 64 or header.metadata["tokenizer.ggml.tokens"] == f"[{count} strings]"
    assert header.metadata["last"] == "still read"
    assert header.n_vocab == count


def test_a_number_that_differs_by_layer_is_the_largest(tmp_path: Path) -> None:
    path = write(tmp_path / "layers.gguf", lambda writer: writer.add_head_count_kv([2, 8, 4]))
    assert read_header(path).n_head_kv == 8


def test_what_the_file_does_not_say_is_zero_and_its_name_is_the_files(tmp_path: Path) -> None:
    header = read_header(write(tmp_path / "bare.gguf"))
    assert (header.n_ctx_train, header.n_vocab, header.n_head_kv) == (0, 0, 0)
    assert (header.name, header.chat_template) == ("bare", None)


@pytest.mark.parametrize(
    ("stated", "kind", "named"),
    [
        (None, "Q8_0", "Q8_0"),
        (gguf.LlamaFileType.MOSTLY_Q8_0, "Q8_0", "Q8_0"),
        (gguf.LlamaFileType.MOSTLY_F16, "Q8_0", "Q8_0"),
        (gguf.LlamaFileType.MOSTLY_Q4_K_M, "Q8_0", "Q8_0"),
        (gguf.LlamaFileType.GUESSED, "Q4_0", "Q4_0"),
    ],
)
def test_a_quantization_is_named_by_what_the_tensors_bear_out(
    tmp_path: Path, stated: gguf.LlamaFileType | None, kind: str, named: str
) -> None:
    steps: list[Write] = [] if stated is None else [lambda writer: writer.add_file_type(int(stated))]
    assert read_header(write(tmp_path / "model.gguf", *steps, kind=kind)).quantization == named


@pytest.mark.parametrize(
    "step",
    [
        lambda writer: writer.add_string("llama.context_length", "many"),
        lambda writer: writer.add_uint64("llama.block_count", 2**40),
        lambda writer: writer.add_int32("llama.embedding_length", -1),
        lambda writer: writer.add_bool("llama.attention.head_count", True),
        lambda writer: writer.add_uint32("tokenizer.chat_template", 7),
        lambda writer: writer.add_uint32("general.name", 7),
        lambda writer: writer.add_array("llama.attention.head_count_kv", ["two"]),
    ],
)
def test_a_number_or_text_that_makes_no_sense_is_refused(tmp_path: Path, step: Write) -> None:
    assert "expected a" in refused(write(tmp_path / "model.gguf", step)).message


def test_a_file_without_an_architecture_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "model.gguf")
    data = path.read_bytes().replace(b"general.architecture", b"general.architectura")
    path.write_bytes(data)
    assert "general.architecture" in refused(path).message


@pytest.mark.parametrize("name", ["", "a b", "\x1b[31m", "x" * 65])
def test_an_architecture_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "model.gguf", architecture=name)
    assert "general.architecture" in refused(path).message


@pytest.mark.parametrize(
    ("pooling", "is_one"), [(0, False), (1, True), (2, True), (3, True), (4, False)]
)
def test_an_embedder_says_how_a_text_becomes_one_vector(
    tmp_path: Path, pooling: int, is_one: bool
) -> None:
    path = tiny_gguf.build(tmp_path / "m.gguf", "bert", facts={"pooling_type": pooling})
    assert read_header(path).is_embedder is is_one


def test_a_model_that_writes_is_no_embedder(tiny_model: Path) -> None:
    assert not read_header(tiny_model).is_embedder


def test_a_missing_file_a_directory_and_a_pipe_are_refused(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "gone.gguf").message
    assert "not a regular file" in refused(tmp_path).message
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in refused(tmp_path / "pipe").message
    assert "not a regular file" in refused(Path("/dev/zero")).message


def test_a_path_that_is_none_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "a\0b")
    refused(tmp_path / ("x" * 5000))
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "loop")
    refused(tmp_path / "loop" / "model.gguf")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_an_unreadable_file_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    path = Path(shutil.copy(tiny_model, tmp_path / "model.gguf"))
    path.chmod(0)
    assert "Permission denied" in refused(path).message


def test_a_file_that_the_system_cannot_read_is_refused(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in refused(tiny_model).message


def test_an_error_names_the_file_and_not_its_folder(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"")
    message = refused(tmp_path / "model.gguf").message
    assert message.startswith("model.gguf: ")
    assert str(tmp_path) not in message


def test_a_header_needs_none_of_the_tensors_data(tiny_model: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(tiny_model, tmp_path / "sparse.gguf"))
    expected = read_header(tiny_model)
    os.truncate(path, expected.data_offset)
    os.truncate(path, expected.size_bytes)
    found = read_header(path)
    assert isinstance(found, Header)
    assert found.tensors == expected.tensors
