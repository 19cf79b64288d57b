"""Ingle: the assistant that lives on a person's own Linux machine."""

__version__ = "0.1.0"
