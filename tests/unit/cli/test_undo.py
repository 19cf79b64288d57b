def test_what_was_replaced_last_is_taken_back(ingle, daemon):
    daemon.answers["plugin.call"] = {"undone": True, "reason": None, "text": None}
    assert ingle("undo").code == 0
    params = daemon.params("plugin.call")
    assert (params.plugin, params.command, params.args) == ("selection", "undo", {})


def test_where_it_cannot_the_old_text_is_given(ingle, daemon):
    daemon.answers["plugin.call"] = {
        "undone": False,
        "reason": "its window has been closed",
        "text": "Dear Ada",
    }
    ran = ingle("undo", "s7")
    assert ran.code == 1
    assert ran.out == "Dear Ada\n"
    assert "its window has been closed" in ran.err
    assert daemon.params("plugin.call").args == {"id": "s7"}


def test_as_json_the_answer_is_passed_on(ingle, daemon):
    daemon.answers["plugin.call"] = {"undone": False, "reason": "there is nothing to undo", "text": None}
    assert ingle("--json", "undo").json["reason"] == "there is nothing to undo"
