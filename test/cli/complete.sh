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
echo '- rule: a
  desc: d
  condition: evt.type = execve
  output: x
  priority: INFO
  tags: [net, odd]
- rule: b
  desc: d
  condition: evt.type = execve
  output: x
  priority: INFO
  tags: [file, net]' >tags.yaml
status 0 "tags" "$NOROSHI" complete -- replay -r tags.yaml --enable-tag ""
printf ':tag\nnet\nodd\nfile\n' >want
same out want "each once"
status 0 "tags of a command whose arguments are rules" "$NOROSHI" complete -- check tags.yaml --disable-tag ""
same out want "are those of its files"
status 0 "rules by glob" "$NOROSHI" complete -- run -r mine.yaml --observe ""
printf ':rule\nMy own\n' >want
same out want "those of the file"
status 0 "priorities" "$NOROSHI" complete -- run --priority ""
has out "a priority" "^warning$"
status 0 "which match" "$NOROSHI" complete -- run --matching ""
printf ':word\nall\nfirst\n' >want
same out want "all or first"
status 0 "lints" "$NOROSHI" complete -- check --lints ""
has out "a lint" "^NO_TAGS$"
status 0 "no arguments" "$NOROSHI" complete -- profile ""
holds "nothing is offered" test ! -s out

# What stands in a help as the word of a value is known, or is free text; and every known word stands in some help.
free="COUNT ID N PERCENT SECONDS WHEN ADDR:PORT NODE"
"$NOROSHI" --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | while read -r c; do
	"$NOROSHI" "$c" --help | sed -n 's/^  *\(-[a-z], \)\{0,1\}--[a-z-]* \([A-Z:]*\)  *.*/\2/p'
done | sort -u | grep . >inhelp
sed -n '/ values\[\]/,/^};/s/^\t{"\([A-Z]*\)".*/\1/p' "$SRC/agent/cmd/complete.c" >intable
printf '%s\n' $free | cat - intable | sort -u >known
holds "every word of a help is known: $(comm -23 inhelp known | tr '\n' ' ')" test -z "$(comm -23 inhelp known)"
holds "no word is known in vain: $(sort intable | comm -23 - inhelp | tr '\n' ' ')" test -z "$(sort intable | comm -23 - inhelp)"

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
