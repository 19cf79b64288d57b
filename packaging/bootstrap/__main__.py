"""The bootstrap: from a fresh checkout to everything that `make run` or `make test` needs.

Every step looks first and works only if it must, so that it can be stopped anywhere and run
again. It needs nothing but Python's standard library and is started by `packaging/setup`.

Exit codes: 0 everything is there; 1 it could not be done; 2 wrong usage; 3 done, but something
that was named is missing and a part of Ingle will not work; 130 stopped by Ctrl-C.
"""

import argparse
import os
import signal
import sys
import time
import traceback
from pathlib import Path

import accelerator
import environment
import llama
import packages
from command import CommandFailed, SetupError, run, whole_line
from screen import Screen, span

MODEL = "smollm2-135m-instruct"
WITHOUT_DESKTOP = "the plugins of the desktop will not start"
MODEL_STEPS = "fetching 98 MB, checking them, trying what is fastest here"


class Setup:
    """One run of the bootstrap; `missing` collects what had to be left out."""

    def __init__(self, options: argparse.Namespace, screen: Screen) -> None:
        self._options, self._screen = options, screen
        self._cache = _cache()
        self._logs = self._cache / "setup"
        self.missing: list[str] = []

    def run(self) -> None:
        """All steps, in order. Raises `SetupError`."""
        self._system_packages()
        backend = accelerator.choose(self._options.gpu)
        warning = accelerator.idle_card_warning(backend)
        if warning:
            self._screen.warn(warning)
        extras = {"engine", "desktop"} | ({"test"} if self._options.tests else set())
        wanted = environment.wanted(llama.key(backend), extras)
        there = environment.present()
        if there is None or not there.covers(wanted):
            self._refuse_if_impossible(backend)
            self._python_packages(backend, extras, wanted)
            self._devices(backend)
        self._model()

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _system_packages(self) -> None:
        lists = ["run"]
        if self._options.tests or not os.environ.get("DISPLAY"):
            lists.append("virtual")
        if self._options.tests:
            lists.append("test")
        backend = accelerator.BACKENDS.get(self._options.gpu)
        if backend and backend.packages:
            lists.append(backend.packages)
        lacking = packages.ensure(
            packages.needed(lists),
            may_install=not self._options.no_system_packages,
            log=self._log("apt"),
            screen=self._screen,
        )
        if lacking:
            self.missing.append(f"system packages: {' '.join(lacking)}")

    def _refuse_if_impossible(self, backend: accelerator.Backend) -> None:
        """Before anything is changed. Raises `SetupError` for what was asked for and cannot be built."""
        lacking = None if llama.cached(backend, self._cache) else backend.lacking()
        if lacking is not None:
            raise lacking

    def _python_packages(
        self, backend: accelerator.Backend, extras: set[str], wanted: environment.Contents
    ) -> None:
        environment.create(self._log("venv"), self._screen)
        wheel = self._wheel(backend)
        got = extras if wheel else extras - {"engine"}
        self._screen.step("python packages")
        environment.install(sorted(got - {"desktop"}), wheel, self._log("pip"), self._screen)
        self._screen.done(f"ingle with {', '.join(sorted(got - {'desktop'})) or 'no extras'}")
        if not self._desktop():
            got = got - {"desktop"}
        if got == extras:
            environment.stamp(wanted)

    def _wheel(self, backend: accelerator.Backend) -> Path | None:
        self._screen.step("llama.cpp")
        wheel = llama.cached(backend, self._cache)
        if wheel:
            self._screen.done(f"{llama.version()} for {backend.name}, from the cache")
            return wheel
        try:
            llama.check_compiler()
            self._screen.say(
                f"  llama.cpp {llama.version()} is compiled for {backend.name}, once, "
                f"{accelerator.jobs(backend)} files at a time; that takes {backend.takes} on two cores"
            )
            wheel = llama.build(
                backend, environment.PYTHON, self._cache, self._log("llama.cpp"), self._screen
            )
        except SetupError as error:
            return self._without_wheel(backend, error)
        self._screen.done(f"{llama.version()} for {backend.name}, compiled")
        return wheel

    def _without_wheel(self, backend: accelerator.Backend, error: SetupError) -> Path | None:
        self._screen.warn(error.message)
        if backend.name != "cpu" and self._options.gpu == "auto":
            self._screen.warn(f"the build for {backend.name} failed: the CPU does the work, much slower")
            return self._wheel(accelerator.BACKENDS["cpu"])
        if error.hint:
            self._screen.say(f"    {error.hint}, then run this again")
        self.missing.append("llama.cpp: no model can be loaded")
        return None

    def _desktop(self) -> bool:
        self._screen.step("desktop packages")
        if not environment.can_build_desktop():
            self.missing.append(f"PyGObject's libraries: {WITHOUT_DESKTOP}")
            return False
        try:
            environment.install_requirements("desktop", self._log("desktop"), self._screen)
        except CommandFailed as error:
            self._screen.warn(error.message)
            self.missing.append(f"PyGObject: {WITHOUT_DESKTOP}")
            return False
        self._screen.done("PyGObject, pydbus, pystray, python-xlib")
        return True

    def _devices(self, backend: accelerator.Backend) -> None:
        """Whether a build for GPUs finds one: a missing driver is never noticed otherwise."""
        if backend.name == "cpu":
            return
        self._screen.step("GPU")
        found = environment.gpus()
        if found:
            self._screen.done(", ".join(found))
        else:
            self._screen.warn(
                f"llama.cpp was built for {backend.name}, but finds no GPU: is its driver installed, "
                "and are you in the group `render`?"
            )

    def _model(self) -> None:
        """Fetched, checked and tried by Ingle itself; at once if it is there."""
        puller = [str(environment.PYTHON), "-m", "ingle.models.pull", MODEL]
        self._screen.step("model")
        try:
            run(
                puller,
                log=self._log("model"),
                screen=self._screen,
                doing=MODEL_STEPS,
                watch=whole_line,
                lines_shown=2,
            )
        except CommandFailed as error:
            self._screen.warn(error.message)
            self.missing.append(f"the model {MODEL}: `ingle model pull {MODEL}` tries again")
            return
        self._screen.done(MODEL)


def _cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (base if base.is_absolute() else Path.home() / ".cache") / "ingle"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="packaging/setup",
        description="Sets up Ingle in this checkout: system packages, .venv, llama.cpp, the model.",
        epilog="Run it again at any time: what is there is left alone.",
    )
    parser.add_argument("--tests", action="store_true", help="also what the tests need")
    parser.add_argument(
        "--no-system-packages",
        action="store_true",
        help="never install with apt-get; say what is missing",
    )
    parser.add_argument(
        "--gpu",
        choices=("auto", *accelerator.BACKENDS),
        default="auto",
        help="what llama.cpp is compiled for (default: a GPU if its compiler and device are there)",
    )
    return parser.parse_args()


def main() -> int:
    options, screen = _options(), Screen()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started = time.monotonic()
    setup = Setup(options, screen)
    try:
        setup.run()
    except SetupError as error:
        screen.say(f"packaging/setup: {error.message}")
        if error.hint:
            screen.say(f"  {error.hint}")
        return 1
    except KeyboardInterrupt:
        screen.say("\nStopped. Run it again, and it goes on from here.")
        return 130
    except OSError as error:  # a full disk, a home that may not be written
        screen.say(f"packaging/setup: {error.filename or 'cannot go on'}: {error.strerror}")
        return 1
    except Exception:  # noqa: BLE001 - the barrier: a person gets a sentence, the log the traceback
        return _bug(screen)
    for what in setup.missing:
        screen.warn(f"missing: {what}")
    screen.say(f"Set up in {span(time.monotonic() - started)}.")
    return 3 if setup.missing else 0


def _bug(screen: Screen) -> int:
    log = _cache() / "setup" / "bug.log"
    text = traceback.format_exc()
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")
    screen.say(f"packaging/setup: {text.splitlines()[-1]}")
    screen.say(f"  The details are in {log}; please report them.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
