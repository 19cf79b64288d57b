"""The thin layer over llama.cpp's C interface.

It turns null pointers and return codes into values and errors, and keeps what the library would
abort on (an over-long batch, a model freed too early) from happening. It knows nothing of
requests. Calls that take a `Context` never overlap; `Vocabulary` only reads and may be used from
another thread.
"""
