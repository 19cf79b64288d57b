"""`make screenshots`: pictures of what people see, into the folder `screenshots/` that git ignores.

`python packaging/screenshots [SCENE...]`; without names all of them. Each scene is played on a
desktop of its own: a real X server, window manager, session bus and plugin host.
"""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "daemon"), str(ROOT / "tests")]
FOLDER = ROOT / "screenshots"


def main(names: list[str]) -> int:
    import tray_scenes  # noqa: F401, PLC0415 - puts its scenes on the list
    from scenes import SCENES  # noqa: PLC0415 - after the path is set

    unknown = sorted(set(names) - set(SCENES))
    if unknown:
        sys.stderr.write(f"there is no scene {unknown[0]}; there are {', '.join(SCENES)}\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name in names or SCENES:
        picture = asyncio.run(SCENES[name]())
        picture.save(FOLDER / f"{name}.png")
        sys.stdout.write(f"{FOLDER / name}.png  {picture.width} x {picture.height}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
