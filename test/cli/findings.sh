#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# findings: which options go together, and a store that is not there.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

status 2 "a block or JSON, not both" "$NOROSHI" findings --detail --json
has err "and it says so" "--detail excludes --summary and --json"
status 2 "a block or counts, not both" "$NOROSHI" findings --detail --summary
status 2 "counts do not follow" "$NOROSHI" findings --follow --summary
has err "and it says that" "--follow and --summary exclude each other"
status 2 "heartbeats have no rule" "$NOROSHI" findings --heartbeats --rule x
has err "and it says what they have" "with --heartbeats only --since, --detail and --json"
status 2 "a store that is not there" "$NOROSHI" findings --detail --store "$dir/none.db"
has err "with the way to one" "no store at .*none.db; .noroshi receive. makes one"
status 0 "help" "$NOROSHI" findings --help
finish
