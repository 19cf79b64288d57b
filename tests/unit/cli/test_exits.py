import pytest

from ingle import errors as e
from ingle.cli import exits


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (e.BadDocument("x"), 1),
        (e.PluginFailed("x"), 1),
        (e.IngleError("x"), 1),
        (e.InvalidParams("x"), 2),
        (e.EngineUnavailable("x"), 3),
        (e.DaemonNotRunning("x"), 3),
        (e.ConnectionLost("x"), 3),
        (e.Busy("x"), 3),
        (e.Paused("x"), 3),
        (e.NotPermitted("x"), 4),
        (e.ModelTooSmall("x"), 4),
        (e.ModelNotFound("x"), 5),
        (e.MethodNotFound("x"), 5),
        (e.Cancelled("x"), 130),
    ],
)
def test_the_code_of_an_error(error, code):
    assert exits.code_of(error) == code
    assert code in exits.MEANINGS
