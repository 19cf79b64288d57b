"""What can be photographed, by name. A scene is a coroutine that gives a picture."""

from collections.abc import Awaitable, Callable

from PIL import Image

Scene = Callable[[], Awaitable[Image.Image]]
SCENES: dict[str, Scene] = {}


def scene(function: Scene) -> Scene:
    """Put it on the list, under its name with hyphens."""
    SCENES[function.__name__.replace("_", "-")] = function
    return function
