"""What may come of talking to a compositor; the texts are for the person."""


class CompositorGone(Exception):
    """It has ended, does not answer, or was never there."""


class NoDataControl(CompositorGone):
    """In contrast, it is there, and shows the clipboard to nobody but the window with the focus."""


class TooMuch(Exception):
    """An offer is larger than what may be read."""
