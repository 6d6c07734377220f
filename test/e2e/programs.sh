#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every BPF program of the build is taken by this kernel, and needs no more stack than older ones allow. test/vm asks those too.
set -u
[ "$(id -u)" = 0 ] || { echo "1..0 # skip: needs root"; exit 77; }
said=$("$BUILD/tool/programs" -v 2>&1)
status=$?
printf '%s\n' "$said" | grep -v '^loaded'
[ "$status" != 3 ] || exit 1
[ "$(printf '%s\n' "$said" | grep -c '^loaded')" -gt 20 ] || { echo "not ok 1 - few programs: $said"; exit 1; }
[ "$status" = 0 ] && echo "ok 1 - all programs"
exit "$status"
