#!/bin/sh
# Includes point one way: a folder may include itself, the folders before it, probes/ and proto/.
set -u
cd "$(dirname "$0")/../../agent" || exit 1
ok='noroshi' bad=0
for dir in util event sensor enrich attribution rule finding deliver receive health; do
	ok="$ok|$dir"
	grep -nE '^#include "[a-z]+/' "$dir"/*.[ch] 2>/dev/null | grep -vE "\"($ok)/" && bad=1
	# the agent's top level (agent.h, config.h, …) is right of every folder
	for h in *.h; do
		grep -nE "^#include \"$h\"" "$dir"/*.[ch] 2>/dev/null && bad=1
	done
done
grep -nE '^#include "cmd/' ./*.[ch] | grep -v '^./main.c:' && bad=1
[ $bad = 0 ] || echo "layers: the includes above point the wrong way" >&2
exit $bad
