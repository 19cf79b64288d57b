"""Looking at a display: what is drawn on it, waited for by X events and not by the clock."""

import select

from PIL import Image, ImageGrab
from Xlib import X, display
from Xlib.ext import xtest


def shown_on(number: str, within_s: float) -> Image.Image:
    """A picture of the display once some window is mapped and drawn. Raises `TimeoutError`."""
    watching = display.Display(f":{number}")
    try:
        root = watching.screen().root
        root.change_attributes(event_mask=X.SubstructureNotifyMask)
        watching.sync()
        picture = ImageGrab.grab(xdisplay=f":{number}")
        while len(picture.getcolors(2**24) or ()) < 10:
            if not watching.pending_events() and not select.select([watching], [], [], within_s)[0]:
                raise TimeoutError("nothing is drawn on the display")
            while watching.pending_events():
                watching.next_event()
            picture = ImageGrab.grab(xdisplay=f":{number}")
        return picture
    finally:
        watching.close()


def click(number: str) -> None:
    """Press the first button of the mouse in the middle of the only window that is mapped."""
    pressing = display.Display(f":{number}")
    try:
        root = pressing.screen().root
        [window] = [
            each
            for each in root.query_tree().children
            if each.get_attributes().map_state == X.IsViewable and each.get_geometry().width > 50
        ]
        place = window.get_geometry()
        middle = {"x": place.x + place.width // 2, "y": place.y + place.height // 2}
        xtest.fake_input(pressing, X.MotionNotify, **middle)
        xtest.fake_input(pressing, X.ButtonPress, 1)
        xtest.fake_input(pressing, X.ButtonRelease, 1)
        pressing.sync()
    finally:
        pressing.close()
