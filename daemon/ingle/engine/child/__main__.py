"""`python -m ingle.engine.child`: settles what llama.cpp reads from the environment, then starts."""

import os

os.environ["GOMP_SPINCOUNT"] = "6000"
"""Turns that a thread spins at a barrier before it sleeps, some 0.1 ms. By default it is 300,000,
which collapses on a busy desktop (23 ms a token became 1.8 s beside two busy programs); none at all
makes two threads half as fast as they could be on an idle one. With this, 36 rows take 46 to 56 ms
there, 206 beside a busy program (136 with 1,000 turns, where the idle one takes 65); `pace` finds
that a single thread takes 93 then. libgomp reads this when it is loaded, so it stands before every
other import."""
os.environ["GGML_NO_BACKTRACE"] = "1"
"""A failed assertion would start gdb for ten seconds, while the caller waits for its error."""

from ingle.engine.child.main import main  # noqa: E402 - see above

if __name__ == "__main__":
    main()
