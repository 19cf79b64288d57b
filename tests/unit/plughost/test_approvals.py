"""Approvals survive a restart, and a broken file approves nothing."""

import logging
import stat
from pathlib import Path

import pytest

from ingle.plughost.approvals import Approval, Approvals

YES = Approval(enabled=True, manifest_sha256="ab", grants=["control"])


def test_what_was_approved_is_there_after_a_restart_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "state" / "plugins.json"
    Approvals(file).put("one", YES)
    Approvals(file).put("two", YES)
    assert Approvals(file).get("one") == YES
    assert Approvals(file).get("three") is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["plugins.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"one": {"enabled": "yes"}}', b"\xff"])
def test_a_file_that_cannot_be_understood_approves_nothing(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "plugins.json").write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert Approvals(tmp_path / "plugins.json").get("one") is None
    assert "no plugin is enabled" in caplog.text


def test_what_cannot_be_written_is_not_approved(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    approvals = Approvals(tmp_path / "state" / "plugins.json")
    with pytest.raises(OSError, match=r"."):
        approvals.put("one", YES)
    assert approvals.get("one") is None
