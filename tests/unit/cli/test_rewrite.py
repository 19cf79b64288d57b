def test_the_tone_is_an_argument_of_the_skill(ingle, daemon, text_file):
    assert ingle("rewrite", "--tone", "friendly", str(text_file), "--anyway").code == 0
    params = daemon.params("skill.run")
    assert (params.skill, params.args, params.anyway) == ("rewrite", {"tone": "friendly"}, True)


def test_without_a_tone_the_skill_decides(ingle, daemon, text_file):
    ingle("rewrite", str(text_file))
    assert daemon.params("skill.run").args == {}
