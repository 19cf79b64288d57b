import io

from fakes.daemon import ITEM
from ingle.wire.calls.context import ContextPutResult


def test_list(ingle, daemon):
    ran = ingle("context", "list", "--kind", "note", "-n", "3")
    assert "where the code is" in ran.out
    params = daemon.params("context.list")
    assert (params.kind, params.limit) == ("note", 3)


def test_an_empty_memory_is_said_to_a_person(at_terminal, daemon):
    daemon.answers["context.list"] = []
    ran = at_terminal("context", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "nothing is remembered" in ran.err


def test_get_prints_the_text_alone(ingle, daemon):
    assert ingle("context", "get", "7").out == ITEM.text
    assert ingle("context", "get", "7", "--json").json["text"] == ITEM.text


def test_put_hands_over_the_file_itself(ingle, daemon, text_file, monkeypatch):
    monkeypatch.chdir(text_file.parent)
    ran = ingle("context", "put", text_file.name, "--title", "mine")
    assert (ran.code, ran.out) == (0, "remembered as 8\n")
    params = daemon.params("context.put")
    assert (params.kind, params.path, params.text, params.title) == (
        "file",
        str(text_file),
        None,
        "mine",
    )


def test_put_from_standard_input(ingle, daemon, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a note")))
    ingle("context", "put", "-")
    params = daemon.params("context.put")
    assert (params.kind, params.path, params.text) == ("note", None, "a note")


def test_put_of_what_is_not_there(ingle, daemon, tmp_path):
    assert ingle("context", "put", str(tmp_path / "nobody")).code == 5
    assert ingle("context", "put", str(tmp_path)).code == 2
    assert daemon.calls == []


def test_what_is_not_taken_is_an_error_with_the_reason(ingle, daemon, text_file):
    daemon.answers["context.put"] = ContextPutResult(
        id=None, accepted=False, reason="looks like a password"
    )
    ran = ingle("context", "put", str(text_file))
    assert ran.code == 4
    assert "looks like a password" in ran.err


def test_search(ingle, daemon):
    ran = ingle("context", "search", "the", "fridge")
    assert "the fridge" in ran.out
    assert daemon.params("context.search").query == "the fridge"


def test_a_search_that_finds_nothing_is_5(ingle, daemon):
    daemon.answers["context.search"] = []
    assert ingle("context", "search", "x").code == 5


def test_forget_takes_exactly_one_of_its_ways(ingle, daemon):
    assert ingle("context", "forget", "7").out == "forgotten: 1 item\n"
    assert daemon.params("context.forget").id == "7"
    assert ingle("context", "forget").code == 2
    assert ingle("context", "forget", "7", "--all").code == 2
