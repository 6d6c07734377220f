# Shared by contrib/run and contrib/test: packages, configure, build. POSIX sh.
# shellcheck shell=sh
src=$(cd "$(dirname "$0")/.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)

say() {
	printf '== %s\n' "$*" >&2
}

# packages KIND...: install what is missing of contrib/packages; nothing happens when all is there.
packages() {
	missing=
	for kind in "$@"; do
		while read -r k name; do
			[ "$k" = "$kind" ] || continue
			dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing="$missing $name"
		done <"$src/contrib/packages"
	done
	[ -z "$missing" ] && return 0
	say "installing:$missing"
	# shellcheck disable=SC2086
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# build FOLDER TARGETS CMAKE-OPTIONS...: configure once, build what changed.
build() {
	folder=$1 targets=$2
	shift 2
	cmake -S "$src" -B "$folder" -G Ninja "$@" >"$folder.log" 2>&1 || { cat "$folder.log" >&2; return 1; }
	# shellcheck disable=SC2086
	ninja -C "$folder" -j "$jobs" $targets >"$folder.log" 2>&1 || { tail -n 60 "$folder.log" >&2; return 1; }
}
