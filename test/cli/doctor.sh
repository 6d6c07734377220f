#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `noroshi doctor` without an agent: configuration, rules, state folder and sinks, each amiss and well again; as a nobody.
# shellcheck source=test/cli/lib.sh
. "$SRC/test/cli/lib.sh"
chmod 755 "$dir"

cat >rules.yaml <<'EOR'
- rule: Runs
  desc: d
  condition: evt.type = execve
  output: o
  priority: NOTICE
EOR
sed 's/evt.type/evt.tyqe/' rules.yaml >broken.yaml
printf -- '- list: x\n  items: [a]\n' >empty.yaml
mkdir -m 755 state

# shellcheck disable=SC2317  # it is called by status
# As a nobody: what is looked at does not depend on this host's rights.
doctor() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$NOROSHI" doctor --state "$dir/state" "$@"
	else
		"$NOROSHI" doctor --state "$dir/state" "$@"
	fi
}

# issue CODE OPTIONS...: the JSON names it, with impact and remedy, and the text does.
issue() {
	code=$1
	shift
	status 3 "$code, as JSON" doctor --json "$@"
	holds "$code: said with impact, remedy and evidence" python3 - "$code" <<'EOP'
import json
import sys
found = [i for i in json.load(open("out"))["issues"] if i["code"] == sys.argv[1]]
sys.exit(not (len(found) == 1 and found[0]["impact"] and found[0]["remedy"] and found[0]["evidence"]["error"]))
EOP
	status 3 "$code, as text" doctor "$@"
	has out "$code: the text" "^ +$code, [a-z]+, since 20"
}

status 3 "a nobody sees what he may" doctor -r rules.yaml
has out "the kernel" '^(ok|issue) +kernel +Linux [0-9]'
has out "no agent" '^none +agent '
has out "the rules" '^ok +rules +1 in 1 files$'
has out "what only root sees is not guessed" '^not looked bpf '
has out "nor is the state" '^state +not known: some checks need root$'
holds "no right is no issue" test "$(grep -c CAP_MISSING out)" = 0

issue RULES_PARSE_ERROR -r broken.yaml
has out "where it is" 'broken.yaml:3:[0-9]+: '
issue RULES_EMPTY -r empty.yaml
printf 'state_dri: /x\n' >c.yaml
issue CONFIG_ERROR -c c.yaml -r rules.yaml
has out "where it is" 'c.yaml:1:[0-9]+: '
if [ "$(id -u)" = 0 ]; then
	chmod 777 state
	chown 0 state
	issue CONFIG_ERROR -r rules.yaml
	has out "others may write" 'others than its owner can write into the state folder'
	chmod 755 state
fi
issue SINK_FAILED -r rules.yaml --sink upload:ftp://x
issue UPLOAD_DNS_FAIL -r rules.yaml --sink upload:https://no-such-host.invalid/
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
issue UPLOAD_CONNECT_FAIL -r rules.yaml --sink "upload:http://127.0.0.1:$port/v1/findings"

# A receiver: known and unknown tokens, the wrong path.
echo secret >tokens && echo secret >good && echo other >bad
chmod 644 tokens good bad
"$NOROSHI" receive --listen "127.0.0.1:$port" --store s.db --token-file tokens >receiver.log 2>&1 &
receiver=$!
trap 'kill $receiver; wait $receiver; rm -rf "$dir"' EXIT
for _ in $(seq 300); do
	python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null && break
	sleep 0.1
done
printf 'sinks:\n  - sink: upload:http://127.0.0.1:%s/v1/findings\n    token_file: %s/good\n' "$port" "$dir" >good.yaml
sed 's/good$/bad/' good.yaml >bad.yaml
sed 's/findings$/elsewhere/' good.yaml >elsewhere.yaml
status 3 "a receiver answers" doctor -c good.yaml -r rules.yaml
has out "it is one" '^ok +sink +a receiver of findings answers'
holds "nothing was stored" test "$("$NOROSHI" findings --store s.db | wc -l)" = 0
issue UPLOAD_TOKEN_EXPIRED -c bad.yaml -r rules.yaml
issue UPLOAD_NO_RECEIVER -c elsewhere.yaml -r rules.yaml

# A state folder that cannot be written, in a mount namespace of our own.
if unshare -m true 2>/dev/null; then
	mkdir ro
	cat >readonly.sh <<'EOS'
mount -t tmpfs -o ro,mode=755 noroshi-test "$1/ro" && "$NOROSHI" doctor --json --state "$1/ro" -r "$1/rules.yaml"
EOS
	unshare -m sh readonly.sh "$dir" >out 2>err
	has out "SPOOL_READONLY: said" '"code":"SPOOL_READONLY"'
fi

# With the right to: a trial of the probes, and the exit status of what was found.
if "$NOROSHI" doctor --state "$dir/state" -r rules.yaml >out 2>err; then
	has out "the probes were tried" '^ok +sensor '
	has out "healthy" '^state +healthy$'
	has out "what is covered" '^works +exec '
	has out "and what nobody asks for" '^unasked .*file.* upload'
	status 1 "degraded is 1" "$NOROSHI" doctor --state "$dir/state" -c bad.yaml -r rules.yaml
	has out "degraded" '^state +degraded$'
	status 1 "unhealthy is 1" "$NOROSHI" doctor --state "$dir/state" -c c.yaml -r rules.yaml
	has out "unhealthy" '^state +unhealthy$'
fi
status 2 "an option that is none" "$NOROSHI" doctor --no-such
finish
