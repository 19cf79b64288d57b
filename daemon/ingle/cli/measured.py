"""How measured model files are shown: a row each."""

from collections.abc import Sequence

from ingle.cli import words
from ingle.cli.output import Output
from ingle.wire.calls.model import Figures

HEADER = ("type", "size", "perplexity", "reads", "writes")


def figures_table(files: Sequence[Figures], output: Output) -> None:
    """Size, perplexity where it was measured, tokens a second."""
    rows = [
        (
            file.quantization,
            words.size(file.size_bytes),
            f"{file.perplexity:.2f}" if file.perplexity else "not measured",
            f"{file.prefill_tps:,.0f} tokens/s",
            f"{file.decode_tps:,.0f} tokens/s",
        )
        for file in files
    ]
    output.table(rows, HEADER)
