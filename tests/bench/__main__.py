"""`make bench`: the figures that the project promises, all measured in one run on this machine.

    make bench                                  everything, a table
    make bench BENCH="socket idle"              some of it
    make bench BENCH=engine                     the engine beside llama-server
    make bench BENCH="engine --quick"           does it all run? minutes; the figures say little
    make bench BENCH="--json figures.json"      the table, and the figures as JSON

It uses a daemon of its own in private directories, on a virtual desktop, so that it neither
disturbs nor measures the person's. Exit code 1 when a figure misses its bound or cannot be measured.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import copying
import desktop_popup
import desktop_rewrites
import drafting
import latency
import parking
import peer
import prefixes
import residence
import roundtrips
import share
import speed
import starting
import throughput
from figures import Figure, context, row
from place import CannotMeasure, Effort, Place

from ingle.errors import IngleError


@dataclass(frozen=True)
class Bench:
    """`measure` gives figures as they are found."""

    measure: Callable[[Place, Effort], Iterator[Figure]]
    rounds: int = 5
    has_desktop: bool = False
    has_peer: bool = False


BENCHES = {
    "start": Bench(starting.measure, has_desktop=True),
    "socket": Bench(roundtrips.measure, has_desktop=True),
    "copy": Bench(copying.measure, has_desktop=True),
    "speed": Bench(speed.measure, has_desktop=True),
    "popup": Bench(desktop_popup.measure, has_desktop=True),
    "rewrite": Bench(desktop_rewrites.measure, has_desktop=True),
    "latency": Bench(latency.measure, rounds=3, has_peer=True),
    "throughput": Bench(throughput.measure, rounds=3, has_peer=True),
    "prefix": Bench(prefixes.measure, rounds=3, has_peer=True),
    "draft": Bench(drafting.measure, rounds=3),
    "share": Bench(share.measure, rounds=3),
    "park": Bench(parking.measure, has_peer=True),
    "idle": Bench(residence.measure, has_desktop=True),
}
"""In this order: `start` leaves a warm daemon behind, `idle` is last since it takes a minute."""

SETS = {
    "engine": ["latency", "throughput", "prefix", "draft", "share", "park"],
    "desktop": ["popup", "rewrite"],
}
"""Names for several at once."""


def _options() -> argparse.Namespace:
    names = [*BENCHES, *SETS]
    parser = argparse.ArgumentParser(prog="make bench", description="Measures what Ingle promises.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names)}")
    parser.add_argument(
        "--rounds", type=int, help="repetitions (default 5; 3 for the engine); medians are shown"
    )
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    unknown = set(options.names) - set(names)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if options.rounds is not None and options.rounds < 3:
        parser.error("a median needs three rounds at least")
    return options


def _chosen(names: list[str]) -> list[str]:
    wanted = {one for name in names for one in SETS.get(name, [name])}
    return [name for name in BENCHES if not wanted or name in wanted]


def _effort(options: argparse.Namespace, bench: Bench) -> Effort:
    rounds = 1 if options.quick else options.rounds or bench.rounds
    return Effort(rounds, is_quick=options.quick)


def _measure(chosen: list[str], options: argparse.Namespace) -> tuple[list[Figure], list[str]]:
    """The figures, printed as they come, and the names of what could not be measured."""
    figures: list[Figure] = []
    failed: list[str] = []
    programs = None
    if any(BENCHES[name].has_peer for name in chosen):
        try:
            programs = peer.build()
        except CannotMeasure as error:
            failed.append("llama-server")
            print(f"make bench: {error}; nothing is compared", file=sys.stderr, flush=True)
    has_desktop = any(BENCHES[name].has_desktop for name in chosen)
    with Place(has_desktop=has_desktop, programs=programs) as place:
        for name in chosen:
            bench = BENCHES[name]
            print(f"\n{name}", flush=True)
            try:
                for figure in bench.measure(place, _effort(options, bench)):
                    figures.append(figure)
                    print(row(figure), flush=True)
            except (CannotMeasure, IngleError) as error:
                failed.append(name)
                print(f"make bench: {name}: {error}", file=sys.stderr, flush=True)
    return figures, failed


def main() -> int:
    options = _options()
    print("  ".join(f"{name}: {value}" for name, value in context().items()), flush=True)
    try:
        figures, failed = _measure(_chosen(options.names), options)
    except (CannotMeasure, IngleError) as error:
        print(f"make bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json:
        document = {"machine": context(), "figures": [figure.as_json() for figure in figures]}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    missed = [figure.name for figure in figures if not figure.holds]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nevery bound that was measured holds")
    if failed:
        print(f"not measured: {', '.join(failed)}")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
