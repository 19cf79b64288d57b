"""Reading a model's header here, where no daemon runs that could do it."""

from pathlib import Path

from ingle.models.families import family_of
from ingle.models.gguf import read_header
from ingle.models.library import Library
from ingle.paths import Paths
from ingle.wire.calls.model import ModelInspectResult


def named(model: str) -> str:
    """What the person typed as the daemon understands it: an absolute path, or a name."""
    path = Path(model)
    return str(path.absolute()) if path.exists() else model


def inspect_here(model: str, paths: Paths) -> ModelInspectResult:
    """Raises `ModelNotFound`, `BadModelFile`."""
    path = Path(named(model))
    library = Library(paths.models)
    if not path.is_absolute():
        path = library.file_of(model)
    header = read_header(path)
    return ModelInspectResult(
        name=header.name,
        architecture=header.architecture,
        parameters=header.parameters,
        quantization=header.quantization,
        n_ctx_train=header.n_ctx_train,
        n_vocab=header.n_vocab,
        n_layers=header.n_layers,
        size_bytes=header.size_bytes,
        tensors=len(header.tensors),
        family=family_of(header),
        metadata=dict(header.metadata),
        trial=library.trial_of(path),
    )
