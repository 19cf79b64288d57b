"""Who may touch what: the engine's library, the network, ours from plugins, the clock in tests."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from house.sources import ROOT, files, imports, is_below, modules, name_of, tree

PLUGINS = sorted(path.parent for path in files("plugin.toml") if path.parent.parent == ROOT / "plugins")

NETWORK = (
    "urllib.request",
    "http",
    "ftplib",
    "smtplib",
    "ssl",
    "requests",
    "httpx",
    "aiohttp",
    "urllib3",
)
SOURCES = ROOT / "daemon/ingle/models/sources.py"
"""The one place that speaks to the network, and only when a person runs `ingle model pull`."""


def test_llama_cpp_is_imported_in_the_engine_child_only():
    child = ROOT / "daemon/ingle/engine/child"
    found = [
        name_of(path)
        for path in modules("daemon", "plugins")
        if not path.is_relative_to(child) and any(is_below(name, "llama_cpp") for name in imports(path))
    ]
    assert found == []


def test_only_a_model_pull_uses_the_network():
    found = [
        f"{name_of(path)} imports {name}"
        for path in modules("daemon", "plugins")
        if path != SOURCES
        for name in imports(path)
        if any(is_below(name, network) for network in NETWORK)
    ]
    assert found == []


def test_no_driver_of_a_gpu_is_asked_how_it_is():
    """A question to NVML wakes a GPU that sleeps; memory is asked for by a child that ends, when a model
    is loaded (`engine.probe`)."""
    drivers = re.compile(r"pynvml|nvidia[-_]smi|libnvidia-ml|amdsmi|rocm[-_]smi", re.IGNORECASE)
    found = [
        name_of(path)
        for path in modules("daemon", "plugins")
        if drivers.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_code_of_ours_opens_an_internet_socket():
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in modules("daemon", "plugins")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"AF_INET", "AF_INET6", "open_connection", "create_connection", "start_server"}
    ]
    assert found == []


@pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_is_a_manifest_its_code_and_a_page_about_it(folder: Path):
    assert {"plugin.toml", "plugin.py", "README.md"} <= {path.name for path in folder.iterdir()}
    manifest = tomllib.loads((folder / "plugin.toml").read_text(encoding="utf-8"))
    assert manifest["name"] == folder.name


def test_every_folder_of_plugins_is_a_plugin():
    folders = {ROOT.joinpath(*path.relative_to(ROOT).parts[:2]) for path in modules("plugins")}
    assert folders <= set(PLUGINS)


def test_plugins_import_nothing_of_ours_but_the_sdk():
    found = [
        f"{name_of(path)} imports {name}"
        for path in modules("plugins")
        for name in imports(path)
        if is_below(name, "ingle") and name != "ingle" and not is_below(name, "ingle.sdk")
    ]
    assert found == []


def test_no_test_sleeps():
    found = [
        f"{name_of(path)}:{call.lineno}"
        for path in modules("tests")
        for call in _calls_of(path, "sleep")
        if not _is_zero(call)
    ]
    assert found == []


def _calls_of(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = node.func
            if name in (getattr(called, "attr", None), getattr(called, "id", None)):
                yield node


def _is_zero(call: ast.Call) -> bool:
    """`asyncio.sleep(0)` gives the loop a turn and takes no time."""
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0
