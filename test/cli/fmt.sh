#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# fmt: one layout, nothing lost, nothing that means something else, and the layout of a layout is itself.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

status 0 "a file with everything" "$NOROSHI" fmt "$golden/fmt.in.yaml"
same out "$golden/fmt.out.yaml" "its layout"
status 0 "again" "$NOROSHI" fmt "$golden/fmt.out.yaml"
same out "$golden/fmt.out.yaml" "is itself"
status 0 "the default rules have it" "$NOROSHI" fmt --check "$SRC/rules"
holds "and that is not said" test ! -s out
status 1 "--check" "$NOROSHI" fmt --check "$golden/fmt.in.yaml" "$golden/fmt.out.yaml"
echo "$golden/fmt.in.yaml" >want
same out want "names the file that has another"
"$NOROSHI" fmt <"$golden/fmt.in.yaml" >out
same out "$golden/fmt.out.yaml" "from stdin"

printf '\357\273\277- list: a\n  items:\n  - b\n' >bom.yaml
printf -- '- list: a\n  items: [b]\n' >want
status 0 "a byte order mark" "$NOROSHI" fmt bom.yaml
same out want "goes"

mkdir rules.d
cp "$golden/fmt.in.yaml" rules.d/a.yaml
chmod 640 rules.d/a.yaml
status 0 "--write in a folder" "$NOROSHI" fmt --write rules.d
same rules.d/a.yaml "$golden/fmt.out.yaml" "writes the file"
holds "with the mode it had" test "$(stat -c %a rules.d/a.yaml)" = 640
holds "and nothing beside it" test "$(ls rules.d)" = a.yaml

printf -- '- rule: "x\n' >bad.yaml
cp bad.yaml bad.before
status 2 "what is no YAML" "$NOROSHI" fmt --write bad.yaml
has err "says where" "^bad.yaml:[0-9]+:[0-9]+: error:"
same bad.yaml bad.before "and stays as it was"
echo "rules: [a]" >map.yaml
status 2 "what is no list of items" "$NOROSHI" fmt map.yaml
has err "says so" "map.yaml:1:1: error: a rules file is a list"
status 2 "a file that is not there" "$NOROSHI" fmt none.yaml
status 2 "--check and --write" "$NOROSHI" fmt --check --write "$golden/fmt.in.yaml"
status 2 "--write without files" "$NOROSHI" fmt --write

stable=$shared/corpus/falco-rules/stable.yaml
if [ -r "$stable" ]; then
	"$NOROSHI" fmt "$stable" >stable.yaml
	"$NOROSHI" fmt stable.yaml >again.yaml
	same again.yaml stable.yaml "a large file of others: the layout of its layout"
	"$NOROSHI" explain -r "$stable" --json >before.json
	"$NOROSHI" explain -r stable.yaml --json >after.json
	same after.json before.json "it compiles to the same"
	grep -o '#.*' "$stable" | sort >before.txt
	grep -o '#.*' stable.yaml | sort >after.txt
	same after.txt before.txt "it has the same comments"
fi
finish
