"""ggml's types of weights as a GGUF file numbers them: tables only, for `gguf_format` and `gguf`."""

from typing import NamedTuple


class TensorType(NamedTuple):
    """`block` elements of a row are stored in `size` bytes."""

    name: str
    block: int
    size: int

    def bytes_of(self, elements: int) -> int:
        """The size of so many elements in whole blocks."""
        return elements // self.block * self.size


class FileType(NamedTuple):
    """`tensors` is the type that most weights have in a file of this name."""

    name: str
    tensors: str


# ggml.h, enum ggml_type.
TENSOR_TYPES: dict[int, TensorType] = {
    0: TensorType("F32", 1, 4),
    1: TensorType("F16", 1, 2),
    2: TensorType("Q4_0", 32, 18),
    3: TensorType("Q4_1", 32, 20),
    6: TensorType("Q5_0", 32, 22),
    7: TensorType("Q5_1", 32, 24),
    8: TensorType("Q8_0", 32, 34),
    9: TensorType("Q8_1", 32, 36),
    10: TensorType("Q2_K", 256, 84),
    11: TensorType("Q3_K", 256, 110),
    12: TensorType("Q4_K", 256, 144),
    13: TensorType("Q5_K", 256, 176),
    14: TensorType("Q6_K", 256, 210),
    15: TensorType("Q8_K", 256, 292),
    16: TensorType("IQ2_XXS", 256, 66),
    17: TensorType("IQ2_XS", 256, 74),
    18: TensorType("IQ3_XXS", 256, 98),
    19: TensorType("IQ1_S", 256, 50),
    20: TensorType("IQ4_NL", 32, 18),
    21: TensorType("IQ3_S", 256, 110),
    22: TensorType("IQ2_S", 256, 82),
    23: TensorType("IQ4_XS", 256, 136),
    24: TensorType("I8", 1, 1),
    25: TensorType("I16", 1, 2),
    26: TensorType("I32", 1, 4),
    27: TensorType("I64", 1, 8),
    28: TensorType("F64", 1, 8),
    29: TensorType("IQ1_M", 256, 56),
    30: TensorType("BF16", 1, 2),
    34: TensorType("TQ1_0", 256, 54),
    35: TensorType("TQ2_0", 256, 66),
    39: TensorType("MXFP4", 32, 17),
    40: TensorType("NVFP4", 64, 36),
    41: TensorType("Q1_0", 128, 18),
    42: TensorType("Q2_0", 64, 18),
}

REMOVED_TENSOR_TYPES: dict[int, str] = {
    4: "Q4_2",
    5: "Q4_3",
    31: "Q4_0_4_4",
    32: "Q4_0_4_8",
    33: "Q4_0_8_8",
    36: "IQ4_NL_4_4",
    37: "IQ4_NL_4_8",
    38: "IQ4_NL_8_8",
}
"""Types that llama.cpp once had and no longer reads."""

# llama.h, enum llama_ftype: what `general.file_type` says of the file as a whole.
FILE_TYPES: dict[int, FileType] = {
    0: FileType("F32", "F32"),
    1: FileType("F16", "F16"),
    2: FileType("Q4_0", "Q4_0"),
    3: FileType("Q4_1", "Q4_1"),
    7: FileType("Q8_0", "Q8_0"),
    8: FileType("Q5_0", "Q5_0"),
    9: FileType("Q5_1", "Q5_1"),
    10: FileType("Q2_K", "Q2_K"),
    11: FileType("Q3_K_S", "Q3_K"),
    12: FileType("Q3_K_M", "Q3_K"),
    13: FileType("Q3_K_L", "Q3_K"),
    14: FileType("Q4_K_S", "Q4_K"),
    15: FileType("Q4_K_M", "Q4_K"),
    16: FileType("Q5_K_S", "Q5_K"),
    17: FileType("Q5_K_M", "Q5_K"),
    18: FileType("Q6_K", "Q6_K"),
    19: FileType("IQ2_XXS", "IQ2_XXS"),
    20: FileType("IQ2_XS", "IQ2_XS"),
    21: FileType("Q2_K_S", "Q2_K"),
    22: FileType("IQ3_XS", "IQ3_S"),
    23: FileType("IQ3_XXS", "IQ3_XXS"),
    24: FileType("IQ1_S", "IQ1_S"),
    25: FileType("IQ4_NL", "IQ4_NL"),
    26: FileType("IQ3_S", "IQ3_S"),
    27: FileType("IQ3_M", "IQ3_S"),
    28: FileType("IQ2_S", "IQ2_S"),
    29: FileType("IQ2_M", "IQ2_S"),
    30: FileType("IQ4_XS", "IQ4_XS"),
    31: FileType("IQ1_M", "IQ1_M"),
    32: FileType("BF16", "BF16"),
    36: FileType("TQ1_0", "TQ1_0"),
    37: FileType("TQ2_0", "TQ2_0"),
    38: FileType("MXFP4_MOE", "MXFP4"),
    39: FileType("NVFP4", "NVFP4"),
    40: FileType("Q1_0", "Q1_0"),
    41: FileType("Q2_0", "Q2_0"),
}
