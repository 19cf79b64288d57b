"""What models and sizes are called where a person reads of them."""

from ingle.naming import model, models, place, size

__all__ = ["model", "models", "place", "size"]
