"""`make bench`: the figures that the project promises, all measured in one run on this machine.

    make bench                                  everything, a table
    make bench BENCH="socket idle"              some of it
    make bench BENCH="--json figures.json"      the table, and the figures as JSON

It uses a daemon of its own in private directories, on a virtual desktop, so that it neither
disturbs nor measures the person's. Exit code 1 when a figure misses its bound.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import copying
import residence
import roundtrips
import speed
import starting
from figures import Figure, context, row
from place import CannotMeasure, Place

GROUPS: dict[str, Callable[[Place, int], Iterator[Figure]]] = {
    "start": starting.measure,
    "socket": roundtrips.measure,
    "copy": copying.measure,
    "speed": speed.measure,
    "idle": residence.measure,
}
"""In this order: `start` leaves a warm daemon behind, `idle` is last since it takes a minute."""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measures what Ingle promises.")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"some of: {', '.join(GROUPS)}")
    parser.add_argument(
        "--rounds", type=int, default=5, help="repetitions; medians are shown (default 5)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    unknown = set(options.groups) - set(GROUPS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    if options.rounds < 3:
        parser.error("a median needs three rounds at least")
    return options


def main() -> int:
    options = _options()
    figures: list[Figure] = []
    print("  ".join(f"{name}: {value}" for name, value in context().items()), flush=True)
    try:
        with Place() as place:
            for name in options.groups or GROUPS:
                print(f"\n{name}", flush=True)
                for figure in GROUPS[name](place, options.rounds):
                    figures.append(figure)
                    print(row(figure), flush=True)
    except CannotMeasure as error:
        print(f"make bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if options.json:
        document = {"machine": context(), "figures": [figure.as_json() for figure in figures]}
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    missed = [figure.name for figure in figures if not figure.holds]
    print(f"\nmissed: {', '.join(missed)}" if missed else "\nall bounds hold")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
