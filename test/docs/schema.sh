#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The JSON schemas for editors: see schema.py; their keys are held against the readers' by unit/check_schema.
exec python3 "$SRC/test/docs/schema.py"
