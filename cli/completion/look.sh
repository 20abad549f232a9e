# SPDX-License-Identifier: LGPL-2.1-or-later
# The part of the completion scripts that bash and zsh read alike, behind what cvmctl prints of its tables:
#
# _cvmctl_option NAME: name, the long one; kind, what its value is ('' for none); help
# _cvmctl_verb VERB:   opts, repeats, args, formats; help. No verb has every option
# _cvmctl_words FIRST: names, the second words that go with a first one; of '' the first words
#
# A kind is @device, @file, @path, @folder, @host, @text, or words with "|" between them; with a "," in front
# several of them fit, with a "?" the value is behind "=" or nowhere.

# Reads the words between the program and the cursor: which verb, how many arguments it has, which
# options are given, and which waits for its value.
_cvmctl_look() {
        local word value count=0
        verb='' first='' position=0 given=' ' pending='' ended='' where=()
        while [[ $# -gt 0 ]]; do
                word=$1 value=''
                shift
                if [[ -n $ended || $word != -?* ]]; then
                        position=$((position + 1))
                        if [[ $count == 0 ]]; then
                                first=$word position=0
                                _cvmctl_verb "$word" && verb=$word
                        elif [[ $count == 1 ]] && _cvmctl_verb "$first $word"; then
                                verb="$first $word" position=0
                        fi
                        count=$((count + 1))
                        continue
                fi
                case $word in
                --) ended=1 && continue ;;
                --*=*) _cvmctl_option "${word%%=*}" && value=${word#*=} ;;
                --* | -?) _cvmctl_option "$word" ;;
                *) # several letters: what follows the first is its value, or the next word is that of the last
                        _cvmctl_option "${word%"${word#-?}"}"
                        if [[ -n $kind ]]; then
                                word=$word=
                        else
                                _cvmctl_option "-${word#"${word%?}"}"
                        fi
                        ;;
                esac
                given="$given$name "
                if [[ $kind == [@,a-z]* && $word != *=* ]]; then
                        [[ $# -gt 0 ]] || pending=$name
                        value=${1-}
                        [[ $# -eq 0 ]] || shift
                fi
                case $name in
                --bus | --snapshot) where+=("$name=$value") ;;
                --root) where+=("$name=$value" --probe=none) ;; # nobody wants to wait for a probe here
                esac
        done
        _cvmctl_verb "$verb" || true
}

# Whether an option can be given now.
_cvmctl_free() {
        _cvmctl_option "$1" && [[ $given != *" $name "* || " $repeats " == *" $name "* ]]
}

# What belongs where the cursor is: kind, and names for those words that go with a first one.
_cvmctl_here() {
        local rest="$args " i=0
        kind='' names=''
        [[ -n $verb && $verb != "$first" || $position -gt 0 ]] || _cvmctl_words "$first"
        while [[ $i -lt $position && $rest != *...\  && -n $rest ]]; do
                rest=${rest#* } i=$((i + 1))
        done
        kind=${rest%% *}
        kind=${kind%...}
}
