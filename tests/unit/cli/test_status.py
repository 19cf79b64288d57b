import msgspec

from fakes.daemon import STATUS
from ingle.cli.status import engine_line, plugin_line
from ingle.vocabulary import DaemonState, EngineState, PluginState
from ingle.wire.calls.daemon import EngineStatus, HoldInfo, StatusResult
from ingle.wire.calls.plugin import PluginInfo


def test_the_state_of_everything(ingle, daemon):
    ran = ingle("status")
    assert ran.code == 0
    for part in ("ready", "smollm2-135m-instruct (tiny)", "CPU", "350 MB", "waiting: no display"):
        assert part in ran.out
    assert "warning: this build of llama.cpp cannot use the GPU" in ran.out


def test_as_json(ingle, daemon):
    assert msgspec.convert(ingle("status", "--json").json, StatusResult) == STATUS


def test_quiet_leaves_the_details_out(ingle, daemon):
    assert "queue" not in ingle("status", "-q").out


def test_it_never_starts_a_daemon(ingle):
    ran = ingle("status")
    assert ran.code == 3
    assert "ingle serve" in ran.err


def test_loading_shows_how_far_it_is():
    line = engine_line(EngineStatus(state=EngineState.LOADING, progress=0.4, model="m"))
    assert line == "loading 40%, m (not measured)"


def test_layers_that_are_shared_with_the_gpu_are_counted():
    engine = EngineStatus(state=EngineState.READY, device="a card", layers=33, gpu_layers=12)
    assert engine_line(engine) == "ready, a card (12 of 33 layers)"
    assert engine_line(msgspec.structs.replace(engine, gpu_layers=33)) == "ready, a card"


def test_what_was_given_up_and_who_stands_in_are_shown(ingle, daemon):
    engine = msgspec.structs.replace(STATUS.engine, notes=["less context"], twin="small")
    daemon.answers["daemon.status"] = msgspec.structs.replace(STATUS, engine=engine)
    ran = ingle("status")
    assert "less context" in ran.out
    assert "small, on the CPU" in ran.out


def test_parked_and_failed_say_why():
    assert "parked: on battery" in engine_line(
        EngineStatus(state=EngineState.PARKED, reason="on battery")
    )


def test_a_running_plugin_shows_its_process():
    plugin = PluginInfo(name="p", state=PluginState.RUNNING, host="h", grants=[], pid=5)
    assert plugin_line(plugin) == "running  pid 5"
    assert plugin_line(msgspec.structs.replace(plugin, pid=None)) == "running"
    assert plugin_line(msgspec.structs.replace(plugin, state=PluginState.DISABLED)) == "disabled"
    noted = msgspec.structs.replace(plugin, reason="no UPower here")
    assert plugin_line(noted) == "running  pid 5  no UPower here"


def test_what_is_held_back_is_shown_with_its_reason(ingle, daemon):
    holds = [
        HoldInfo(what="model", reason="game", by="plugin power"),
        HoldInfo(what="background", reason="on battery", by="plugin power"),
    ]
    daemon.answers["daemon.status"] = msgspec.structs.replace(
        STATUS, state=DaemonState.ASIDE, reason="game", held="game, on battery", holds=holds
    )
    ran = ingle("status")
    assert "aside: game" in ran.out
    assert "the model is aside: game (plugin power)" in ran.out
    assert "background work waits: on battery" in ran.out
