import io

from fakes.daemon import SUMMARY
from ingle.vocabulary import Coverage


def test_the_summary_streams(ingle, daemon, text_file):
    daemon.deltas["skill.run"] = [Coverage(read=61, total=100, parts=2), "The hearth ", "is warm."]
    ran = ingle("summarize", str(text_file))
    assert (ran.code, ran.out, ran.err) == (0, "The hearth is warm.\n", "")
    params = daemon.params("skill.run")
    assert (params.skill, params.text, params.stream) == ("summarize", text_file.read_text(), True)


def test_an_answer_that_was_not_streamed_is_shown_whole(ingle, daemon, text_file):
    assert ingle("summarize", str(text_file)).out == f"{SUMMARY.text}\n"


def test_standard_input(ingle, daemon, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"from a pipe")))
    assert ingle("summarize", "-").code == 0
    assert daemon.params("skill.run").text == "from a pipe"


def test_json_streams_lines(ingle, daemon, text_file):
    daemon.deltas["skill.run"] = [Coverage(read=61, total=100, parts=2), "The hearth ", "is warm."]
    lines = ingle("summarize", str(text_file), "--json").lines
    assert lines[:-1] == [{"delta": "The hearth "}, {"delta": "is warm."}]
    assert lines[-1]["result"]["title"] == "A warm hearth"


def test_a_person_sees_the_title_and_what_was_read(at_terminal, daemon, text_file):
    ran = at_terminal("summarize", str(text_file))
    assert ran.out == "The hearth is warm.\n— A warm hearth\n"
    assert (
        "read 100% of 4,000 characters · in 3 parts · 1,200 tokens read · 42 written · 2.5 s" in ran.err
    )


def test_quiet_is_the_summary_alone(at_terminal, daemon, text_file):
    ran = at_terminal("summarize", "-q", str(text_file))
    assert (ran.out, ran.err) == ("The hearth is warm.\n", "")


def test_a_models_escape_sequences_do_not_reach_the_terminal(at_terminal, daemon, text_file):
    daemon.deltas["skill.run"] = ["\x1b]0;owned\x07", "fine\x1b[31m"]
    assert at_terminal("summarize", str(text_file)).out.startswith("fine\n")


def test_bad_input_is_refused_before_anything_is_asked(ingle, daemon, tmp_path):
    (tmp_path / "bad").write_bytes(b"caf\xe9")
    ran = ingle("summarize", str(tmp_path / "bad"))
    assert (ran.code, daemon.calls) == (1, [])
    assert "offset 3" in ran.err
    assert ingle("summarize", str(tmp_path / "nobody")).code == 5


def test_a_text_that_grows_over_the_limit_as_json_is_refused(ingle, daemon, tmp_path):
    (tmp_path / "big").write_text('"' * 600_000)
    ran = ingle("summarize", str(tmp_path / "big"))
    assert ran.code == 1
    assert "1048576" in ran.err


def test_a_raised_limit_is_honoured(ingle, daemon, paths, tmp_path):
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text("[limits]\nframe_bytes = 8192\n")
    (tmp_path / "big").write_text("x" * 9000)
    ran = ingle("summarize", str(tmp_path / "big"))
    assert (ran.code, daemon.calls) == (1, [])
    assert "too large" in ran.err


TAKEN = {"id": "7", "accepted": True, "reason": None}


def _tells(daemon, *events):
    """The clipboard's plugin hands the text over, and the daemon tells of it and of another one."""

    def take(params):
        assert (params.plugin, params.command) == ("clipboard", "summarize_now")
        for name, data in events:
            daemon.publish("skill", name, data)
        return TAKEN

    daemon.answers["plugin.call"] = take


def test_the_clipboard_is_summarised_as_it_comes(ingle, daemon):
    _tells(
        daemon,
        ("summary.delta", {"item": "6", "text": "of another text"}),
        ("summary.delta", {"item": "7", "text": "The hearth "}),
        ("summary.delta", {"item": "7", "text": "is warm."}),
        ("summary.ready", {"item": "6", "text": "of another text"}),
        ("summary.ready", {"item": "7", "text": "The hearth is warm.", "title": "T"}),
    )
    ran = ingle("summarize", "--clipboard")
    assert (ran.code, ran.out) == (0, "The hearth is warm.\n")


def test_the_summary_of_the_clipboard_as_json(ingle, daemon):
    _tells(daemon, ("summary.ready", {"item": "7", "text": "Warm.", "title": "T"}))
    assert ingle("summarize", "--clipboard", "--json").json["result"]["text"] == "Warm."


def test_why_the_clipboard_is_not_summarised_is_said(ingle, daemon):
    _tells(daemon, ("summary.failed", {"item": "7", "reason": "the engine died"}))
    ran = ingle("summarize", "--clipboard")
    assert ran.code == 3
    assert "the engine died" in ran.err
    daemon.answers["plugin.call"] = {"id": None, "accepted": False, "reason": "it is empty"}
    ran = ingle("summarize", "--clipboard")
    assert ran.code == 4
    assert "it is empty" in ran.err


def test_one_source_is_summarised(ingle, daemon, text_file):
    assert ingle("summarize").code == 2
    assert ingle("summarize", str(text_file), "--clipboard").code == 2
    assert daemon.calls == []
