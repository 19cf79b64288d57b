"""Looking at a display: what is drawn on it, waited for by X events and not by the clock."""

import select

from PIL import Image, ImageGrab
from Xlib import X, display


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
