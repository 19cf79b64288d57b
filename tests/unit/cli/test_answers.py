from ingle.cli.answers import figures
from ingle.vocabulary import Coverage, Timing, Usage


def test_the_figures_of_an_answer_leave_out_what_says_nothing():
    line = figures(
        Coverage(read=50, total=100, parts=1), Usage(input_tokens=20), Timing(total_ms=900), "m"
    )
    assert line == "read 50% of 100 characters · 20 tokens read · 900 ms · m"
