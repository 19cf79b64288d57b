"""`make screenshots`: pictures of what people see, into the folder `screenshots/` that git ignores.

`python packaging/screenshots [SCENE...]`; without names all of them. Each scene is played on a
desktop of its own: a real X server, window manager, session bus and plugin host.
"""

import asyncio
import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "daemon"), str(ROOT / "tests")]
FOLDER = ROOT / "screenshots"


def main(names: list[str]) -> int:
    for module in ("popup_scenes", "tray_scenes", "notify_scenes"):
        importlib.import_module(module)  # after the path is set
    scenes = importlib.import_module("scenes").SCENES

    unknown = sorted(set(names) - set(scenes))
    if unknown:
        sys.stderr.write(f"there is no scene {unknown[0]}; there are {', '.join(scenes)}\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for name in names or scenes:
        picture = asyncio.run(scenes[name]())
        picture.save(FOLDER / f"{name}.png")
        sys.stdout.write(f"{FOLDER / name}.png  {picture.width} x {picture.height}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
