"""A child process for tests: answers a byte, talks on standard error, or refuses to end."""

import os
import signal
import sys

from ingle.procs.child import inherited_sockets

if __name__ == "__main__":
    mode = sys.argv[1]
    (sock,) = inherited_sockets(os.environ)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mode == "chatty":
        for number in range(5000):
            print(f"line {number}", file=sys.stderr)
        print("x" * 300_000, file=sys.stderr)
        print("the last line", file=sys.stderr)
    if mode == "environment":
        sock.sendall(repr(sorted(os.environ)).encode())
    sock.sendall(b"!")
    while sock.recv(1):
        pass
    if mode == "stubborn":
        signal.pause()
    sys.exit(7)
