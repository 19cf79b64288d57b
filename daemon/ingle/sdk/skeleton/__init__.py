"""`ingle plugin new NAME`: a small plugin that works, with a test that passes.

The templates beside this file are the real files with `$name` and `$class_name` in them
(`string.Template`), so that ruff and an editor still see what they are.
"""

import re
from importlib import resources
from pathlib import Path
from string import Template

from ingle.errors import InvalidParams

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 40
FILES = ("plugin.toml", "plugin.py", "README.md", "test_plugin.py")


def create(name: str, folder: Path) -> list[Path]:
    """Write the plugin `name` into `folder/name` and give the files written.

    Raises `InvalidParams` for a name that a plugin cannot have or a folder that is there already.
    """
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise InvalidParams(
            f"{name[:80]!r} cannot be a plugin's name",
            "small letters, digits and single hyphens, a letter first: word-count",
        )
    home = folder / name
    try:
        home.mkdir(parents=True)
    except FileExistsError:
        raise InvalidParams(f"{home} is there already", "choose another name") from None
    values = {"name": name, "class_name": "".join(part.title() for part in name.split("-"))}
    return [_write(home / file, values) for file in FILES]


def _write(path: Path, values: dict[str, str]) -> Path:
    template = resources.files(__package__).joinpath(f"{path.name}.template")
    path.write_text(Template(template.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
    return path
