# SPDX-License-Identifier: LGPL-2.1-or-later
# What DEV can be. Nothing is said of why there is nothing, and quotes are taken away by xargs, for
# it expands nothing.
_cvmctl_devices() {
        local plain=() each
        for each in "${where[@]}"; do
                each=$(xargs printf %s <<<"$each" 2>/dev/null)
                plain+=("${each/=\~\//=$HOME/}")
        done
        "$program" completion devices "${plain[@]}" 2>/dev/null </dev/null
}

# KIND: what of it begins as $cur does.
_cvmctl_offer() {
        local IFS=$' \t\n' word before='' list=${1#[?,]}
        case $1 in
        @device)
                while IFS=$'\t' read -r word _; do
                        [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
                done < <(_cvmctl_devices)
                ;;
        @file | @path) _filedir ;;
        @folder) _filedir -d ;;
        @host) _known_hosts_real -- "$cur" ;;
        @*) ;;
        *)
                [[ $1 != ,* ]] || before=${cur%"${cur##*,}"}
                for word in ${list//|/ }; do
                        [[ $before$word == "$cur"* ]] && COMPREPLY+=("$before$word")
                done
                ;;
        esac
}

_cvmctl() {
        # shellcheck disable=SC2034 # some are set elsewhere, or read by zsh alone
        local cur prev words cword split before at program=$1 word IFS=$' \t\n'
        # shellcheck disable=SC2034
        local verb first position given pending ended where name kind help opts repeats args formats names
        _init_completion -s || return
        _get_comp_words_by_ref -n =: -w before -i at
        _cvmctl_look "${before[@]:1:at-1}"
        if [[ -n $pending ]]; then
                _cvmctl_option "$pending"
                _cvmctl_offer "$kind"
        elif [[ -z $ended && ${split-} == true ]]; then
                _cvmctl_option "$prev" && [[ -n $kind ]] && _cvmctl_offer "$kind"
        elif [[ -z $ended && $cur == -* ]]; then
                for word in $opts; do
                        [[ $word == "$cur"* ]] && _cvmctl_free "$word" || continue
                        [[ $word != --* || $kind != [@,a-z]* ]] || word=$word=
                        COMPREPLY+=("$word")
                done
                [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
        else
                _cvmctl_here
                [[ -z $kind ]] || _cvmctl_offer "$kind"
                [[ -z $names ]] || _cvmctl_offer "${names// /|}"
        fi
} &&
        complete -F _cvmctl cvmctl
