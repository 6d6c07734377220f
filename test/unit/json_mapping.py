#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""json_mapping.py MODULE MESSAGE PB JSON: do our JSON lines say what protobuf's own mapping says?

PB holds messages, each behind its length (32 bits, little-endian); JSON a line for each. MODULE was made by protoc
in the current folder. Prints how many agreed; exit 1 with the first that does not, 77 without python3-protobuf.
"""
import importlib
import json
import os
import struct
import sys

try:
    from google.protobuf import json_format
except ImportError:
    print("python3-protobuf is not installed")
    sys.exit(77)


def main(module, message, pb, lines):
    sys.path.insert(0, os.getcwd())
    cls = getattr(importlib.import_module(module), message)
    with open(pb, "rb") as f:
        data = f.read()
    with open(lines, encoding="utf-8") as f:
        ours = f.read().split("\n")
    at = n = 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        m = cls()
        m.ParseFromString(data[at + 4:at + 4 + size])
        at += 4 + size
        theirs = json.loads(json_format.MessageToJson(m))
        if json.loads(ours[n]) != theirs:
            print(f"message {n} differs:\n ours   {ours[n]}\n theirs {json.dumps(theirs)}")
            return 1
        json_format.Parse(ours[n], cls())  # and a strict reader takes it
        n += 1
    if ours[n:] != [""]:
        print(f"{len(ours) - n - 1} lines too many")
        return 1
    print(f"{n} messages agree")
    return 0 if n else 1


sys.exit(main(*sys.argv[1:]))
