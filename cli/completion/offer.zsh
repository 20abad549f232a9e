# SPDX-License-Identifier: LGPL-2.1-or-later
_cvmctl_devices() {
        local -a found
        found=(${(f)"$(${(Q)words[1]} completion devices "${where[@]/=\~\//=$HOME/}" \
                2>/dev/null </dev/null)"})
        found=(${found/$'\t'/:})
        _describe -t devices device found
}

# KIND: what of it fits.
_cvmctl_offer() {
        local -a list
        case $1 in
        @device) _cvmctl_devices ;;
        @file | @path) _files ;;
        @folder) _path_files -/ ;; # _files would fall back to all files
        @host) _hosts ;;
        @*) return 1 ;;
        *)
                list=(${(s:|:)1#[?,]})
                [[ $1 != ,* ]] || compset -P '*,'
                compadd -a list
                ;;
        esac
}

_cvmctl_options() {
        local word
        local -a alone valued
        for word in ${=opts}; do
                _cvmctl_free $word || continue
                if [[ $word == --* && $kind == [@,a-z]* ]]; then
                        valued+=("$word:$help")
                else
                        alone+=("$word:$help")
                fi
        done
        _describe -o option alone -- valued -qS =
}

# Verbs: the second words of $first, or the first words of all.
_cvmctl_verbs() {
        local word
        local -a list
        for word in ${=names}; do
                _cvmctl_verb "${first:+$first }$word" || _cvmctl_family $word
                list+=("$word:$help")
        done
        _describe -t verbs verb list
}

_cvmctl_family() {
        local names
        _cvmctl_words $1
        help="${names// /, }"
}

_cvmctl() {
        local verb first position given pending ended name kind help opts repeats args formats names ret=1
        local -a where
        _cvmctl_look "${(@Q)words[2,CURRENT-1]}"
        if [[ -n $pending ]]; then
                _cvmctl_option $pending
                _cvmctl_offer $kind && ret=0
        elif [[ -z $ended && $PREFIX == --*=* ]]; then
                _cvmctl_option ${PREFIX%%=*} && [[ -n $kind ]] && compset -P '*=' && _cvmctl_offer $kind && ret=0
        elif [[ -z $ended && $PREFIX == -* ]]; then
                _cvmctl_options && ret=0
        else
                _cvmctl_here
                [[ -n $kind ]] && _cvmctl_offer $kind && ret=0
                [[ -n $names ]] && _cvmctl_verbs && ret=0
        fi
        return ret
}

if [[ $funcstack[1] == _cvmctl ]]; then
        _cvmctl "$@"
else
        compdef _cvmctl cvmctl
fi
