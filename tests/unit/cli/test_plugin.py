import msgspec
import pytest

from fakes.daemon import GRANTS, PLUGIN
from fakes.terminal import Terminal
from ingle.errors import NotFound


def test_list(ingle, daemon):
    ran = ingle("plugin", "list")
    assert "clipboard" in ran.out
    assert "waiting: no display" in ran.out
    assert ingle("plugin", "list", "--json").json[0]["state"] == "waiting"


def test_grants_say_what_they_mean(ingle, daemon):
    assert "asks for  context.write  add texts to the context" in ingle("plugin", "grants").out


def test_enable_shows_what_is_approved(ingle, daemon):
    ran = ingle("plugin", "enable", "clipboard", "--yes")
    assert ran.code == 0
    assert "context.write" in ran.out
    assert daemon.params("plugin.enable").name == "clipboard"


@pytest.mark.parametrize(
    ("answer", "is_enabled"), [("y", True), ("yes", True), ("", False), ("n", False)]
)
def test_enable_asks_a_person(at_terminal, daemon, monkeypatch, answer, is_enabled):
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda _: answer)
    ran = at_terminal("plugin", "enable", "clipboard")
    assert ("plugin.enable" in [method for method, _ in daemon.calls]) is is_enabled
    assert ran.code == (0 if is_enabled else 130)


def test_enable_takes_back_what_was_never_shown(ingle, daemon):
    daemon.answers["plugin.enable"] = msgspec.structs.replace(PLUGIN, grants=["context.write", "files"])
    ran = ingle("plugin", "enable", "clipboard", "--yes")
    assert ran.code == 4
    assert "more than was shown: files" in ran.err
    assert daemon.params("plugin.disable").name == "clipboard"


def test_enable_of_a_new_plugin_has_the_daemon_look_again(ingle, daemon):
    answers = iter([NotFound("there is no plugin 'clipboard'"), [GRANTS]])
    daemon.answers["plugin.grants"] = lambda _: next(answers)
    assert ingle("plugin", "enable", "clipboard", "--yes").code == 0
    assert "daemon.reload" in [method for method, _ in daemon.calls]


def test_disable(ingle, daemon):
    assert ingle("plugin", "disable", "clipboard").code == 0
    assert daemon.params("plugin.disable").name == "clipboard"


def test_an_unknown_plugin_is_5(ingle, daemon):
    daemon.answers["plugin.disable"] = NotFound("there is no plugin 'x'")
    assert ingle("plugin", "disable", "x").code == 5


def test_call_passes_arguments_and_prints_what_comes_back(ingle, daemon):
    assert ingle("plugin", "call", "words", "count", "text=a b c").json == {"words": 3}
    params = daemon.params("plugin.call")
    assert (params.plugin, params.command, params.args) == ("words", "count", {"text": "a b c"})


def test_call_prints_a_text_as_it_is(ingle, daemon):
    daemon.answers["plugin.call"] = "three words"
    assert ingle("plugin", "call", "words", "count").out == "three words\n"


def test_call_refuses_what_is_no_argument(ingle, daemon):
    assert ingle("plugin", "call", "words", "count", "text").code == 2


def test_new_writes_a_skeleton_without_a_daemon(ingle, paths):
    ran = ingle("plugin", "new", "word-count")
    assert ran.code == 0
    assert (paths.plugins / "word-count" / "plugin.toml").is_file()
    assert ingle("plugin", "new", "word-count").code == 2
