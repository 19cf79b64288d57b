def test_the_popup_is_asked_for_through_its_plugin(ingle, daemon):
    assert ingle("popup").code == 0
    params = daemon.params("plugin.call")
    assert (params.plugin, params.command) == ("popup", "show")
    assert params.args == {"skill": "", "text": ""}


def test_a_file_is_the_text_to_work_on(ingle, daemon, text_file):
    assert ingle("popup", "--skill", "fix", str(text_file)).code == 0
    args = daemon.params("plugin.call").args
    assert args["skill"] == "fix"
    assert args["text"] == text_file.read_text()


def test_a_file_that_is_not_there_is_named(ingle, daemon):
    ran = ingle("popup", "nowhere.txt")
    assert ran.code != 0
    assert "nowhere.txt" in ran.err
