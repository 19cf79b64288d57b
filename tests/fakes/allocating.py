"""`python tests/fakes/allocating.py N_CTX SEQUENCES KV_TYPE FILE...`: what llama.cpp allocates for models.

A program, since only those may load llama.cpp. Each line of standard output is JSON: the sizes in
bytes that llama.cpp states in its log, which has two decimals of a MiB.
"""

import json
import os
import re
import sys

import llama_cpp.llama_cpp as ll

TYPES = {"f16": 1, "q8_0": 8, "q4_0": 2}
SIZE = re.compile(r"(KV|RS|compute|output) buffer size = +([0-9.]+) MiB")


def allocated(path: str, n_ctx: int, sequences: int, kv_type: str, said: list[str]) -> dict[str, int]:
    """As the engine child makes its contexts on a CPU."""
    said.clear()
    model = ll.llama_model_load_from_file(os.fsencode(path), ll.llama_model_default_params())
    params = ll.llama_context_default_params()
    params.n_ctx, params.n_seq_max, params.kv_unified = n_ctx, sequences, True
    params.n_batch, params.n_ubatch, params.n_outputs_max = 256, 128, 128
    params.type_k = params.type_v = TYPES[kv_type]
    context = ll.llama_init_from_model(model, params)
    assert context, "".join(said)
    sizes = dict.fromkeys(("KV", "RS", "compute", "output"), 0)
    for what, size in SIZE.findall("".join(said)):
        sizes[what] += int(float(size) * (1 << 20))
    ll.llama_free(context)
    ll.llama_model_free(model)
    return sizes


def main() -> None:
    n_ctx, sequences, kv_type, *files = sys.argv[1:]
    said: list[str] = []

    def log(level: int, text: bytes, _: object) -> None:
        said.append(text.decode("utf-8", "replace"))

    callback = ll.llama_log_callback(log)
    ll.llama_log_set(callback, None)
    ll.llama_backend_init()
    for file in files:
        print(json.dumps(allocated(file, int(n_ctx), int(sequences), kv_type, said)))


if __name__ == "__main__":
    main()
