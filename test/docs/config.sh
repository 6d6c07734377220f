#!/bin/sh
# The manual and the example configuration name every key of config.def, and none besides.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
{
	sed -n 's/^KEY("\([^"]*\)".*/\1/p' "$SRC/agent/config.def"
	sed -n 's/^SINK_KEY("\([^"]*\)".*/sinks[].\1/p' "$SRC/agent/config.def"
	sed -n 's/^RULES_KEY("\([^"]*\)".*/rules[].\1/p' "$SRC/agent/config.def"
	sed -n 's/^APPEND_KEY("\([^"]*\)".*/append_output[].\1/p' "$SRC/agent/config.def"
} | sort >"$tmp/code"
sed -n 's/^\.It Ic \([][a-z0-9_.]*\) (.*/\1/p' "$SRC/docs/noroshi.yaml.5" | grep -vE '^(sinks|rules|append_output)$' | sort >"$tmp/manual"
diff -u "$tmp/code" "$tmp/manual"

# example: indentation of two spaces makes the prefix; commented-out keys count
awk '
	{ line = $0; sub(/^ *#/, "", line); if (line !~ /^ *(- )?[a-z_0-9]+:( |$)/) next }
	line ~ /^[a-z_0-9]+:/ { key = line; sub(/:.*/, "", key); top = key; if (line ~ /^[a-z_0-9]+: *$/ && key != "rules_files") next; print key; next }
	top == "rules" {	# - disable: {tag: network}
		while (match(line, /(rule|tag): /)) { key = substr(line, RSTART, RLENGTH - 2); print "rules[]." key; line = substr(line, RSTART + RLENGTH) }
		next
	}
	{ key = line; sub(/^ *(- )?/, "", key); sub(/:.*/, "", key) }
	top == "append_output" {
		if (key != "match") { print "append_output[]." key; next }
		while (match(line, /(source|tags|rule): /)) { print "append_output[].match." substr(line, RSTART, RLENGTH - 2); line = substr(line, RSTART + RLENGTH) }
		next
	}
	{ print (top == "sinks" ? "sinks[]." : top ".") key }
' "$SRC/contrib/noroshi.yaml" | sort -u >"$tmp/example"
diff -u "$tmp/code" "$tmp/example"
"$NOROSHI" check -c "$SRC/contrib/noroshi.yaml" >/dev/null
echo "config: manual and example agree with config.def"
