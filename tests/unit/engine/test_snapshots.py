"""Files of recurring beginnings: private, bounded, and worthless to whoever forges one."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingle.engine.child.snapshots import MAGIC, Folder, Snapshot, decode, encode

SNAPSHOT = Snapshot("", tuple(range(40)), bytes(range(256)) * 8)
snapshots = st.builds(
    Snapshot,
    st.text(max_size=20),
    st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50).map(tuple),
    st.binary(max_size=500),
)


@given(st.text(max_size=50), snapshots)
def test_what_is_written_is_read(identity: str, snapshot: Snapshot):
    assert decode(encode(identity, snapshot), identity) == snapshot


@given(st.data())
def test_a_file_that_was_changed_anywhere_is_refused(data: st.DataObject):
    whole = encode("model", SNAPSHOT)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytes([whole[at] ^ data.draw(st.integers(1, 255))])
    with pytest.raises(ValueError, match=r"."):
        decode(whole[:at] + changed + whole[at + 1 :], "model")


@given(st.integers(1, 3000))
def test_a_file_that_was_cut_is_refused(cut: int):
    with pytest.raises(ValueError, match=r"."):
        decode(encode("model", SNAPSHOT)[:-cut], "model")


@given(st.binary(max_size=300), st.booleans())
def test_anything_else_is_refused(data: bytes, is_marked: bool):
    with pytest.raises(ValueError, match=r"."):
        decode(MAGIC * is_marked + data, "model")


def test_a_header_that_lies_is_refused():
    """As whoever can write the file could make one, with a checksum that is right."""
    for change in (
        {"state": b"short"},
        {"tokens": ()},
    ):
        parts = {"key": "", "tokens": (1, 2), "state": b"12345678", **change}
        data = encode("model", Snapshot(**parts))  # type: ignore[arg-type]
        if "state" in change:
            data = data.replace(b'"state_bytes":5', b'"state_bytes":6')
        with pytest.raises(ValueError, match=r"."):
            decode(data, "model")


def test_another_model_or_configuration_has_nothing_here():
    with pytest.raises(ValueError, match="another model"):
        decode(encode("model|f16", SNAPSHOT), "model|q8_0")


def loaded(folder: Folder) -> list[Snapshot]:
    found = []
    for path in folder.paths():
        snapshot = folder.take(path)
        if snapshot is not None:
            found.append(snapshot)
            folder.give_back(path, is_sound=True)
    return found


def test_a_snapshot_outlives_the_process(tmp_path: Path):
    Folder(tmp_path / "prefixes", "model").save(SNAPSHOT)
    folder = Folder(tmp_path / "prefixes", "model")
    assert folder.has(SNAPSHOT.key, SNAPSHOT.tokens)
    assert loaded(folder) == [SNAPSHOT] == loaded(folder)
    assert loaded(Folder(tmp_path / "prefixes", "other")) == []


def test_nobody_else_can_read_them(tmp_path: Path):
    base = tmp_path / "prefixes"
    base.mkdir(mode=0o755)
    folder = Folder(base, "model")
    folder.save(SNAPSHOT)
    modes = [path.stat().st_mode & 0o777 for path in (base, *base.rglob("*"))]
    assert modes == [0o700, 0o700, 0o600]


def test_what_is_broken_is_deleted_and_what_is_not_ours_is_not_touched(tmp_path: Path):
    base, secret = tmp_path / "prefixes", tmp_path / "secret"
    secret.write_bytes(encode("model", SNAPSHOT))
    folder = Folder(base, "model")
    folder.save(SNAPSHOT)
    (path,) = folder.paths()
    path.write_bytes(path.read_bytes()[:-1])
    path.with_name("link.prefix").symlink_to(secret)
    os.mkfifo(path.with_name("pipe.prefix"))
    path.with_name("empty.prefix").touch()
    assert loaded(folder) == []
    assert folder.paths() == []
    assert secret.exists()


def test_what_llama_cpp_refuses_is_deleted(tmp_path: Path):
    folder = Folder(tmp_path / "prefixes", "model")
    folder.save(SNAPSHOT)
    (path,) = folder.paths()
    folder.take(path)
    folder.give_back(path, is_sound=False)
    assert folder.paths() == []


def test_what_ended_the_process_is_not_tried_twice(tmp_path: Path):
    folder = Folder(tmp_path / "prefixes", "model")
    folder.save(SNAPSHOT)
    folder.take(folder.paths()[0])
    next_life = Folder(tmp_path / "prefixes", "model")
    assert list((tmp_path / "prefixes").rglob("*.*")) == next_life.paths() == []


def test_a_folder_that_is_somebody_elses_link_is_refused(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "prefixes").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="prefixes"):
        Folder(tmp_path / "prefixes", "model")


def test_those_that_were_used_last_are_kept_within_the_bound(tmp_path: Path):
    base = tmp_path / "prefixes"
    size = len(encode("model", SNAPSHOT))
    folder = Folder(base, "model", most_bytes=4 * size + 100)
    several = [
        Snapshot("", (number, *SNAPSHOT.tokens[1:]), SNAPSHOT.state[:1000]) for number in range(9)
    ]
    for age, snapshot in enumerate(several):
        folder.save(snapshot)
        path = next(path for path in folder.paths() if path.stat().st_mtime > 1e6)
        os.utime(path, (age, age))
    folder.touch("", several[3].tokens)
    folder.save(Snapshot("", (99,), SNAPSHOT.state[:1000]))
    kept = loaded(folder)
    assert several[3] in kept
    assert several[0] not in kept
    assert sum(path.stat().st_size for path in folder.paths()) <= 4 * size + 100


def test_one_that_is_too_large_is_not_written(tmp_path: Path):
    folder = Folder(tmp_path / "prefixes", "model", most_bytes=4000)
    folder.save(SNAPSHOT)
    assert folder.paths() == []


def test_a_full_disk_costs_nothing_but_the_snapshot(tmp_path: Path):
    folder = Folder(tmp_path / "prefixes", "model")
    for path in (tmp_path / "prefixes").iterdir():
        path.rmdir()
    folder.save(SNAPSHOT)
    folder.touch(SNAPSHOT.key, SNAPSHOT.tokens)
    assert folder.paths() == []
