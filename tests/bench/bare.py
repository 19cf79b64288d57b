"""llama-cpp-python with nothing around it: `bare.py MODEL THREADS N_CTX`, one JSON line a run.

The shortest loop that generates: a prompt in one batch, then one token a step, greedily. Started by
`speed`, in a process of its own as the engine is.
"""

import ctypes
import json
import os
import sys
import time

os.environ["GOMP_SPINCOUNT"] = "0"  # as the engine does, and for its reason

import llama_cpp as ll

PROMPT_ROOM = 512
PIECE_BYTES = 64


def main() -> None:
    path, threads, n_ctx = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    ll.llama_backend_init()
    model = ll.llama_model_load_from_file(path.encode(), ll.llama_model_default_params())
    params = ll.llama_context_default_params()
    params.n_ctx = n_ctx or 2048
    params.n_threads = params.n_threads_batch = threads
    context = ll.llama_init_from_model(model, params)
    sampler = ll.llama_sampler_init_greedy()
    for line in sys.stdin:
        wanted = json.loads(line)
        rate = _run(model, context, sampler, wanted["prompt"], wanted["tokens"])
        print(json.dumps({"rate": rate}), flush=True)


def _run(model: object, context: object, sampler: object, prompt: str, count: int) -> float:
    """Tokens a second between the first and the last of `count`, whatever they are."""
    ll.llama_memory_clear(ll.llama_get_memory(context), True)
    vocabulary = ll.llama_model_get_vocab(model)
    text = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n".encode()
    tokens = (ll.llama_token * PROMPT_ROOM)()
    size = ll.llama_tokenize(vocabulary, text, len(text), tokens, PROMPT_ROOM, True, True)
    ll.llama_decode(context, ll.llama_batch_get_one(tokens, size))
    one = (ll.llama_token * 1)(ll.llama_sampler_sample(sampler, context, -1))
    began = time.perf_counter()
    for _ in range(count - 1):
        ll.llama_decode(context, ll.llama_batch_get_one(one, 1))
        one[0] = ll.llama_sampler_sample(sampler, context, -1)
        _piece(vocabulary, one[0])
    return (count - 1) / (time.perf_counter() - began)


def _piece(vocabulary: object, token: int) -> bytes:
    """The token's text: whoever generates wants to see it."""
    buffer = ctypes.create_string_buffer(PIECE_BYTES)
    size = ll.llama_token_to_piece(vocabulary, token, buffer, PIECE_BYTES, 0, False)
    return buffer.raw[: max(size, 0)]


if __name__ == "__main__":
    main()
