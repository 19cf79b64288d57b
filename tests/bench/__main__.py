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
    """`measure` gives figures as they are found; those with a peer are told where its programs are."""

    measure: Callable[[Place, Effort], Iterator[Figure]] | None = None
    beside: Callable[[Place, Effort, peer.Programs | None], Iterator[Figure]] | None = None
    rounds: int = 5

    def figures(self, place: Place, effort: Effort, programs: peer.Programs | None) -> Iterator[Figure]:
        if self.beside is not None:
            return self.beside(place, effort, programs)
        assert self.measure is not None
        return self.measure(place, effort)


BENCHES = {
    "start": Bench(starting.measure),
    "socket": Bench(roundtrips.measure),
    "copy": Bench(copying.measure),
    "speed": Bench(speed.measure),
    "latency": Bench(beside=latency.measure, rounds=3),
    "throughput": Bench(beside=throughput.measure, rounds=3),
    "prefix": Bench(beside=prefixes.measure, rounds=3),
    "draft": Bench(beside=drafting.measure, rounds=3),
    "share": Bench(beside=share.measure, rounds=3),
    "park": Bench(beside=parking.measure),
    "idle": Bench(residence.measure),
}
"""In this order: `start` leaves a warm daemon behind, `idle` is last since it takes a minute."""

SETS = {"engine": [name for name, bench in BENCHES.items() if bench.beside]}
"""Names for several at once."""


def _options() -> argparse.Namespace:
    names = [*BENCHES, *SETS]
    parser = argparse.ArgumentParser(prog="make bench", description="Measures what Ingle promises.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(names)}")
    parser.add_argument(
        "--rounds", type=int, help="repetitions (default 5; 3 beside llama-server); medians are shown"
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


def _programs(chosen: list[str]) -> peer.Programs | None:
    """llama-server and llama-bench where somebody needs them, and a line where they cannot be had."""
    if not any(BENCHES[name].beside for name in chosen):
        return None
    try:
        return peer.build()
    except CannotMeasure as error:
        print(f"make bench: nothing to compare with: {error}", file=sys.stderr)
        return None


def _measure(chosen: list[str], options: argparse.Namespace) -> tuple[list[Figure], list[str]]:
    """The figures, printed as they come, and the names of what could not be measured."""
    figures: list[Figure] = []
    failed: list[str] = []
    programs = _programs(chosen)
    with Place(has_desktop=any(BENCHES[name].measure for name in chosen)) as place:
        for name in chosen:
            bench = BENCHES[name]
            print(f"\n{name}", flush=True)
            try:
                for figure in bench.figures(place, _effort(options, bench), programs):
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
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bounds hold")
    if failed:
        print(f"not measured: {', '.join(failed)}")
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
