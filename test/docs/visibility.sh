#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# docs/VISIBILITY.md against the table it is made of: see visibility.py.
exec python3 "$SRC/test/docs/visibility.py"
