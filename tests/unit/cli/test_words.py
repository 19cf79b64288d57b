import pytest

from ingle.cli import words


@pytest.mark.parametrize(
    ("bytes_", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (144_810_528, "145 MB"), (5e15, "5000 TB")],
)
def test_sizes(bytes_, shown):
    assert words.size(bytes_) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.85, "850 ms"),
        (4.24, "4.2 s"),
        (42, "42 s"),
        (185, "3 min 5 s"),
        (7380, "2 h 3 min"),
        (349200, "4 d 1 h"),
    ],
)
def test_durations(seconds, shown):
    assert words.duration(seconds) == shown


def test_counts():
    assert words.count(1, "token") == "1 token"
    assert words.count(2, "token") == "2 tokens"


def test_clock_times_have_hours_minutes_and_seconds():
    assert len(words.clock(0).split(":")) == 3
