#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `complete` and the shells' functions over it: commands, options, files, rules, fields.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"

status 0 "commands" "$NOROSHI" complete -- ""
has out "a command" "^check	"
"$NOROSHI" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | grep -vx complete | sort >want
sed 1d out | cut -f 1 | sort >names
same names want "all of them, but itself"
status 0 "options" "$NOROSHI" complete -- test --
has out "an option" "^--format	"
status 0 "a list" "$NOROSHI" complete -- test --format ""
has out "a word of it" "^junit$"
status 0 "files" "$NOROSHI" complete -- check ""
has out "are for the shell" "^:file$"
status 0 "a folder" "$NOROSHI" complete -- status --state ""
has out "is for the shell" "^:folder$"
status 0 "rules" "$NOROSHI" complete -- explain ""
has out "a default rule" "^Crypto miner executed$"
cat >mine.yaml <<'EOF'
- rule: My own
  desc: d
  condition: evt.type = execve
  output: x
  priority: INFO
EOF
status 0 "rules of a file" "$NOROSHI" complete -- explain -r mine.yaml ""
printf ':rule\nMy own\n' >want
same out want "only those"
echo "- rule:" >bad.yaml
status 0 "rules of a bad file" "$NOROSHI" complete -- explain -r bad.yaml ""
status 0 "a condition" "$NOROSHI" complete -- eval ""
has out "a field" "^proc.name	"
holds "no field that is never known" sh -c '! grep -q "^k8s.svc.name" out'
status 0 "an unknown command" "$NOROSHI" complete -- chekc ""
holds "has nothing" test ! -s out

# The function for bash, as readline calls it.
mkdir bin && ln -s "$NOROSHI" bin/noroshi
cat >ask.bash <<'EOF'
. "$SRC/contrib/completion/noroshi.bash"
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_noroshi
printf '%s\n' "${COMPREPLY[@]}"
EOF
asks() {
	PATH=$dir/bin:$PATH bash ask.bash "$@" >out 2>err
}
asks noroshi expl
echo explain >want
same out want "bash: a command"
asks noroshi check mi
echo mine.yaml >want
same out want "bash: a file"
asks noroshi explain -r mine.yaml '"My'
echo "My own" >want
same out want "bash: a rule within quotes"
asks noroshi eval "'evt.type = x and (proc.pnam"
echo "evt.type = x and (proc.pname" >want
same out want "bash: a field within a condition"
if command -v zsh >/dev/null; then
	holds "zsh: the function's grammar" zsh -n "$SRC/contrib/completion/_noroshi"
fi
finish
