import msgspec

from fakes.daemon import ANSWERS, CITATION
from ingle.cli.ask import source_line


def test_the_answer_and_where_it_stands(ingle, daemon, text_file):
    ran = ingle("ask", "When is it due?", str(text_file))
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "On Friday.",
        f"“due on Friday” ({text_file}, characters 10-23)",
    ]
    params = daemon.params("assistant.ask")
    assert (params.question, params.text) == ("When is it due?", text_file.read_text())


def test_without_a_file_it_asks_what_is_remembered(ingle, daemon):
    ingle("ask", "What did I copy?")
    assert daemon.params("assistant.ask").text is None


def test_an_adapter_is_passed_on_as_it_was_named(ingle, daemon):
    ingle("ask", "What did I copy?", "--adapter", "house-rules:0.5")
    assert daemon.params("assistant.ask").adapter == "house-rules:0.5"


def test_quiet_is_the_answer_alone(ingle, daemon):
    assert ingle("ask", "When?", "-q").out == "On Friday.\n"


def test_as_json(ingle, daemon):
    assert ingle("ask", "When?", "--json").json["result"]["citations"][0]["quote"] == "due on Friday"


def test_a_person_sees_what_was_read(at_terminal, daemon):
    assert "read 100% of 30 characters" in at_terminal("ask", "When?").err


def test_a_refusal_is_an_answer(ingle, daemon):
    daemon.answers["assistant.ask"] = msgspec.structs.replace(
        ANSWERS["assistant.ask"], answer="The text does not say.", citations=[], refused=True
    )
    ran = ingle("ask", "Who?")
    assert (ran.code, ran.out) == (0, "The text does not say.\n")


def test_a_quote_that_does_not_hold_is_called_so():
    doubtful = msgspec.structs.replace(CITATION, verdict="absent", path="/a/b.txt", page=3)
    assert (
        source_line(doubtful, None) == "“due on Friday” (/a/b.txt, page 3, characters 10-23)  [absent]"
    )


def test_a_question_that_is_not_unicode(ingle, daemon):
    assert ingle("ask", "\udcff?").code == 2
