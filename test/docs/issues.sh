#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tables of issues in docs/COVERAGE.md against the table it is made of: see issues.py.
exec python3 "$SRC/test/docs/issues.py"
