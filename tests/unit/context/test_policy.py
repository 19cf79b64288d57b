"""What a text alone can tell about whether it may be remembered."""

import pytest

from ingle.context.policy import looks_binary, refusal, title_of

LIMIT = 1_000_000
PROSE = "The harbour was quiet that morning. " * 20


def test_ordinary_text_may_enter() -> None:
    assert refusal(PROSE, LIMIT) is None
    assert refusal("Grüße, 你好, مرحبا\n\tcode(x);\r\n", LIMIT) is None


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_nothing_may_not(text: str) -> None:
    assert refusal(text, LIMIT) == "it is empty"


@pytest.mark.parametrize("text", ["a\0b", "\x01\x02\x03\x04", "\ufffd" * 30 + "a"])
def test_binary_may_not(text: str) -> None:
    assert looks_binary(text)
    assert refusal(text, LIMIT) == "it is not text"


def test_size_counts_in_bytes() -> None:
    assert refusal("ä" * 10, 19) is not None
    assert refusal("ä" * 10, 20) is None


@pytest.mark.parametrize(
    "secret",
    ["-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN PGP PRIVATE KEY BLOCK-----", "AKIA" + "ABCDEFGHIJKLMNOP",
     "ghp_" + "a1B2" * 9, "glpat-" + "x" * 20, "xoxb-" + "1234567890-abc", "sk-ant-" + "a" * 40,
     "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20],
)  # fmt: skip
def test_a_secret_anywhere_in_a_text_keeps_all_of_it_out(secret: str) -> None:
    reason = refusal(f"{PROSE}{secret} {PROSE}", LIMIT)
    assert reason is not None
    assert "seems to hold" in reason
    assert secret not in reason


def test_a_title_is_the_files_or_the_first_lines() -> None:
    assert title_of("x", "/a/b/report.txt") == "report.txt"
    assert title_of("\n\n  First line \nsecond") == "First line"
    assert len(title_of("word " * 50)) <= 60
