#!/bin/sh
# Files of at most 1,000 lines, functions of at most 100; what passes 500 and 60 is listed, not refused.
set -u
cd "$(dirname "$0")/../.." || exit 1
bad=0
list=$(find agent probes test contrib -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py')
for f in $list; do
	n=$(wc -l <"$f")
	[ "$n" -le 1000 ] || { echo "sizes: $f has $n lines, 1000 at most" >&2; bad=1; }
	[ "$n" -le 500 ] || echo "sizes: note: $f has $n lines"
done
command -v ctags >/dev/null || { echo "sizes: functions not measured: no ctags" >&2; exit $bad; }
long=$(find agent probes test -name '*.c' -print0 | xargs -0 ctags --languages=C --kinds-C=f --fields=+neS --output-format=u-ctags -o - 2>/dev/null |
	awk -F '\t' '!/^!/ { l = e = 0
		for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) l = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5) }
		if (e - l + 1 > 100) print "sizes: " $2 ":" l ": " $1 " has " e - l + 1 " lines, 100 at most" }')
[ -z "$long" ] || { echo "$long" >&2; bad=1; }
exit $bad
