"""Prints what the daemon tells, a line of JSON each; "ready" comes first, when nothing can be missed."""

import json
import sys

from ingle.client import Ingle

with Ingle() as client:
    heard = client.events(*sys.argv[1:])
    print("ready", flush=True)
    for event in heard:
        print(json.dumps(event._asdict()), flush=True)
