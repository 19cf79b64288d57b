"""The kinds of work that run in a batch: generating, scoring candidates, reading a text.

Each is a small state machine: `take` says which rows come next, `accept` receives what their
logits gave, `undo` says that the step was cut. It knows positions and likelihoods, not llama.cpp,
and not when its turn is (`scheduler`) nor who waits for it (`engine`).
"""
