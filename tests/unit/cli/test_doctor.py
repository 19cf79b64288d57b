"""`ingle doctor` and its checks; it works without a daemon, a model, a display or a bus."""

import msgspec
import pytest

from fakes.daemon import PLUGIN, STATUS
from ingle.cli import doctor
from ingle.cli.checkup import autostart, desktop, hotkey, machine, own, running
from ingle.cli.checkup.finding import fail, ok, warn
from ingle.cli.session import Session
from ingle.engine.protocol import Device, DevicesResult
from ingle.errors import BadModelFile, EngineUnavailable
from ingle.vocabulary import EngineState, PluginState
from ingle.wire.calls.daemon import EngineStatus


@pytest.fixture
def session(paths, monkeypatch):
    import os
    import sys

    from ingle.cli.output import Output

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    return Session(Output(sys.stdout, sys.stderr, {}), os.environ)


def only(findings):
    [finding] = findings
    return finding


def test_the_exit_code_is_1_only_where_something_is_broken(ingle, monkeypatch):
    for found, code in (
        ([ok("a", "fine")], 0),
        ([warn("a", "so so", "do")], 0),
        ([fail("a", "bad", "do")], 1),
    ):
        monkeypatch.setattr(doctor, "findings", lambda _, found=found: found)
        assert ingle("doctor").code == code


def test_a_finding_is_a_line_and_its_next_step(ingle, monkeypatch):
    monkeypatch.setattr(doctor, "findings", lambda _: [ok("a", "fine"), fail("b", "bad", "mend it")])
    assert ingle("doctor").out == "ok   a: fine\nfail b: bad\n     → mend it\n"
    assert ingle("doctor", "-q").out == "fail b: bad\n     → mend it\n"
    assert ingle("doctor", "--json").lines[1] == {
        "name": "b",
        "level": "fail",
        "message": "bad",
        "next_step": "mend it",
    }


def test_a_check_that_cannot_be_made_is_a_finding(session, monkeypatch):
    def broken(_):
        raise PermissionError(13, "Permission denied", "/x")

    def refused(_):
        raise BadModelFile("broken", "mend")

    for check in (autostart, machine, own, running, desktop, hotkey):
        monkeypatch.setattr(check, "CHECKS", ())
    monkeypatch.setattr(own, "CHECKS", (broken, refused))
    first, second = doctor.findings(session)
    assert (first.level, first.name) == ("fail", "broken")
    assert (second.message, second.next_step) == ("broken", "mend")


def test_the_installation(session, monkeypatch):
    assert only(machine.installation(session)).level == "ok"
    monkeypatch.setattr(machine, "OLDEST_PYTHON", (9, 9))
    assert only(machine.installation(session)).level == "fail"


def test_cores_and_disk(session, monkeypatch):
    assert "core" in only(machine.cores(session)).message
    monkeypatch.setattr(machine, "LEAST_DISK", 1 << 60)
    assert only(machine.disk(session)).level == "warn"


CPU = Device(name="CPU", description="a processor", kind="cpu")
GPU = Device(
    name="CUDA0", description="a card", kind="gpu", free_bytes=5_000_000_000, total_bytes=8_000_000_000
)


@pytest.mark.parametrize(
    ("offload", "devices", "has_gpu", "level", "said"),
    [
        (False, [CPU], False, "ok", "for the CPU"),
        (True, [GPU, CPU], True, "ok", "for the GPU"),
        (True, [CPU], False, "ok", "for the GPU"),
        (False, [CPU], True, "warn", "but there is a GPU"),
        (True, [CPU], True, "warn", "finds none"),
    ],
)
def test_a_gpu_that_lies_idle_is_pointed_out(offload, devices, has_gpu, level, said):
    found = DevicesResult(devices=devices, offload=offload, build="llama.cpp 1")
    judged = machine.judge_build(found, has_gpu=has_gpu)
    assert judged.level == level
    assert said in judged.message


def test_the_gpus_are_shown_with_their_memory(session, monkeypatch):
    found = DevicesResult(devices=[GPU, CPU], offload=True, build="llama.cpp 1")
    monkeypatch.setattr(machine.probe, "devices", lambda: found)
    _, gpu = machine.engine_build(session)
    assert gpu.message == "CUDA0, a card, 5.0 GB of 8.0 GB free"


def test_a_build_that_cannot_be_loaded_is_a_failure(session, monkeypatch):
    def broken():
        raise EngineUnavailable("llama.cpp cannot be loaded", "build it")

    monkeypatch.setattr(machine.probe, "devices", broken)
    found = only(machine.engine_build(session))
    assert (found.level, found.next_step) == ("fail", "build it")


def test_the_configuration(session, paths):
    assert only(own.configuration(session)).level == "ok"
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text("[daemon]\nnonsense = 1\n")
    found = only(own.configuration(session))
    assert found.level == "fail"
    assert "config.toml:2" in found.message


def test_settings_of_plugins_are_configuration_too(session, paths):
    paths.config_file.parent.mkdir(parents=True)
    paths.config_file.write_text('[plugins.hotkey]\npopup = "Ctrl+Foo"\n[plugins.popp]\nx = 1\n')
    chord, name = own.configuration(session)
    assert (chord.level, name.level) == ("fail", "fail")
    assert "plugins.hotkey.popup: unknown key 'Foo'" in chord.message
    assert "plugins.popp: there is no such plugin" in name.message
    paths.config_file.write_text('[plugins.hotkey]\npopup = "Ctrl+F1"\n')
    assert only(own.configuration(session)).level == "ok"


def test_the_runtime_directory(session, paths, monkeypatch, tmp_path):
    monkeypatch.setenv("INGLE_SOCKET", str(tmp_path / "ingle" / "ingle.sock"))
    assert only(own.runtime_directory(session)).level == "ok"
    (tmp_path / "ingle").mkdir(mode=0o700)
    assert only(own.runtime_directory(session)).level == "ok"
    (tmp_path / "ingle").chmod(0o755)
    assert "chmod 700" in only(own.runtime_directory(session)).next_step


def test_a_model_that_is_not_there(session):
    found = only(own.models(session))
    assert found.level == "fail"
    assert "ingle model pull smollm2-135m-instruct" in found.next_step


def test_a_log_that_is_there_or_not(session, paths):
    assert "not there yet" in only(own.log_file(session)).message
    paths.log_file.parent.mkdir(parents=True)
    paths.log_file.write_text("x")
    assert "ingle log" in only(own.log_file(session)).message


def test_no_daemon_is_no_failure(session):
    assert only(running.daemon(session)).level == "warn"


def test_a_running_daemon(session, daemon):
    daemon.path.chmod(0o600)
    levels = {finding.name: finding.level for finding in running.daemon(session)}
    assert levels == {
        "daemon": "ok",
        "resident model": "ok",
        "desktop session": "ok",
        "plugin clipboard": "warn",
        "warning": "warn",
    }


def test_an_open_socket_is_a_failure(session, daemon):
    daemon.path.chmod(0o666)
    assert next(iter(running.daemon(session))).level == "fail"


@pytest.mark.parametrize(
    ("state", "level"),
    [(EngineState.FAILED, "fail"), (EngineState.ABSENT, "warn"), (EngineState.PARKED, "warn")],
)
def test_an_engine_that_is_not_ready(session, daemon, state, level):
    daemon.answers["daemon.status"] = msgspec.structs.replace(STATUS, engine=EngineStatus(state=state))
    assert list(running.daemon(session))[1].level == level


def test_a_failed_plugin(session, daemon):
    plugin = msgspec.structs.replace(PLUGIN, state=PluginState.FAILED, reason="three crashes")
    daemon.answers["daemon.status"] = msgspec.structs.replace(STATUS, plugins=[plugin])
    levels = {finding.name: finding.level for finding in running.daemon(session)}
    assert levels["plugin clipboard"] == "fail"


def test_a_daemon_that_answers_with_an_error(session, daemon):
    daemon.answers["daemon.status"] = EngineUnavailable("stopping")
    assert only(running.daemon(session)).level == "fail"


@pytest.mark.parametrize(
    ("environ", "level"),
    [
        ({}, "warn"),
        ({"DISPLAY": ":0"}, "ok"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "w"}, "ok"),
        ({"WAYLAND_DISPLAY": "w"}, "ok"),
    ],
)
def test_the_display(session, monkeypatch, environ, level):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert only(desktop.display(session)).level == level


def test_a_session_bus_that_is_not_there(session, monkeypatch, tmp_path):
    assert only(desktop.session_bus(session)).level == "warn"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert only(desktop.session_bus(session)).level == "warn"


@pytest.mark.parametrize(
    ("tool", "names", "level"),
    [
        (None, "", "warn"),
        ("/usr/bin/dbus-send", "", "warn"),
        ("/usr/bin/dbus-send", "org.freedesktop.Notifications", "ok"),
    ],
)
def test_notifications(session, monkeypatch, tool, names, level):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/x")
    monkeypatch.setattr(desktop.shutil, "which", lambda _: tool)
    monkeypatch.setattr(desktop, "_names", lambda address, method: names)
    bus, notifications = desktop.session_bus(session)
    assert (bus.level, notifications.level) == ("ok", level)
