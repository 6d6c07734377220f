# bash completion of noroshi: asks the program what may stand where the cursor is.
# shellcheck shell=bash
_noroshi() {
	local IFS=$'\n' cur=${COMP_WORDS[COMP_CWORD]} head='' answer word
	mapfile -t answer < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
	COMPREPLY=()
	case ${answer[0]-} in
	:file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	:folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	:rule) cur=${cur#[\"\']}; compopt -o filenames ;;	# quotes what has blanks
	:condition) compopt -o nospace; cur=${cur#[\"\']}; head=${cur%"${cur##*[ (]}"}; cur=${cur##*[ (]} ;;
	esac
	for word in "${answer[@]:1}"; do
		word=${word%%$'\t'*}
		[[ $word != "$cur"* ]] || COMPREPLY+=("$head$word")
	done
}
complete -F _noroshi noroshi
