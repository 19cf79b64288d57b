from fakes.daemon import RESULT


def test_the_last_results_are_listed(ingle, daemon):
    ran = ingle("results", "-n", "3")
    assert ran.code == 0
    assert "A warm hearth" in ran.out
    assert daemon.params("result.list").limit == 3
    assert ingle("results", "--json").json[0]["text"] == RESULT.text


def test_one_is_shown_in_full(ingle, daemon):
    assert ingle("results", "r1").out == RESULT.text + "\n"
    assert daemon.params("result.get").id == "r1"
    assert ingle("results", "r1", "--json").json["item"] == "7"


def test_nothing_is_said_to_a_person(at_terminal, daemon):
    daemon.answers["result.list"] = []
    ran = at_terminal("results")
    assert (ran.code, ran.out) == (0, "")
    assert "nothing" in ran.err


def test_one_or_all_are_forgotten(ingle, daemon):
    assert ingle("results", "r1", "--forget").out == "forgotten: 1 result\n"
    assert daemon.params("result.forget").id == "r1"


def test_all_are_forgotten_without_an_id(ingle, daemon):
    assert ingle("results", "--forget", "--json").json == {"forgotten": 1}
    assert daemon.params("result.forget").id is None
