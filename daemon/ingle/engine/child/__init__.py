"""The child that holds the model: started as a program, imported by nobody.

Only llama_cpp's ctypes bindings are wanted, `llama_cpp.llama_cpp`. What the package itself imports
besides (chat formats, a disk cache, jinja, a sampler in Python) takes as long as loading a small
model, whenever one comes back from being parked. So the package is put in place without being run.
"""

import sys
from importlib.util import find_spec, module_from_spec


def _bindings_only(package: str) -> None:
    spec = None if package in sys.modules else find_spec(package)
    if spec is not None:
        sys.modules[package] = module_from_spec(spec)


_bindings_only("llama_cpp")
