"""From a plugin's folder to its class, in the process that is to run it.

The folder becomes a package of its own, so that `plugin.py` may import its neighbours with
`from .neighbour import ...` and two plugins never share a module by accident.
"""

import importlib
import sys
import traceback
import types
from pathlib import Path

from ingle.sdk.plugin import CannotRun, Plugin


def package_of(name: str) -> str:
    """The package name under which the plugin `name` is imported."""
    return "ingle_plugin_" + name.replace("-", "_")


def load(folder: Path, name: str | None = None) -> type[Plugin]:
    """Import `folder/plugin.py` and give the one `Plugin` class it defines.

    Raises `CannotRun` when it cannot be imported or does not define exactly one.
    """
    package = package_of(name or folder.name)
    _make_package(package, folder)
    try:
        module = importlib.import_module(f"{package}.plugin")
    except ImportError as error:
        raise CannotRun(f"it cannot be loaded: {error}") from error
    except Exception as error:
        raise CannotRun(f"it cannot be loaded: {where_it_broke(error, folder)}") from error
    return _the_plugin_of(module)


def unload(name: str) -> None:
    """Forget the modules of the plugin `name`: the next `load` reads what then stands on disk."""
    package = package_of(name)
    for module in [each for each in sys.modules if each == package or each.startswith(f"{package}.")]:
        del sys.modules[module]
    importlib.invalidate_caches()


def where_it_broke(error: BaseException, folder: Path) -> str:
    """An exception in words without its text, which may hold what a person wrote."""
    while isinstance(error, BaseExceptionGroup):  # what a task group wraps
        error = error.exceptions[0]
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename:
        return f"{kind} in {Path(error.filename).name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    if not own:
        return kind
    return f"{kind} in {Path(own[-1].filename).name}, line {own[-1].lineno}"


def _make_package(package: str, folder: Path) -> None:
    if package not in sys.modules:
        module = types.ModuleType(package)
        module.__path__ = [str(folder)]
        sys.modules[package] = module


def _the_plugin_of(module: types.ModuleType) -> type[Plugin]:
    found = [
        member
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, Plugin)
        and member.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise CannotRun(f"plugin.py defines {len(found)} subclasses of Plugin where one is expected")
    return found[0]
