# SPDX-License-Identifier: LGPL-2.1-or-later
# The kernel itself, held against the same list as the simulator: what is tried there holds here.
. ./lib.sh

driver=hv_balloon
relid=1

balloon_bound() {
        bound "$(balloon)" $driver
}

errno_of() { # FILE: the name of what the last command complained of
        case $(cat "$1") in
        *"No such device"*) echo ENODEV ;;
        *"Device or resource busy"*) echo EBUSY ;;
        *"Invalid argument"*) echo EINVAL ;;
        *) cat "$1" ;;
        esac
}

outcome() { # VERB PATH TEXT
        case $1 in
        write) # by a program of its own: a shell's builtin does not tell why
                if printf '%s\n' "$3" | dd of="/sys/bus/vmbus/$2" conv=notrunc status=none 2>/tmp/outcome; then
                        echo ok
                else
                        errno_of /tmp/outcome
                fi
                ;;
        read)
                cat "/sys/bus/vmbus/$2" 2>/tmp/outcome || errno_of /tmp/outcome
                ;;
        driver)
                _bound=$(driver_of "$2")
                echo "${_bound:-none}"
                ;;
        esac
}

as_agreed() { # VERB PATH TEXT RESULT
        _got=$(outcome "$1" "$2" "$3")
        [ "$4" != '*' ] || case $_got in [0-9]*) return 0 ;; esac
        equal "$4" "$_got"
}

check "a device with a real ring is bound" wait_until 60 balloon_bound
instance=$(balloon)
sed -e '/^#/d' -e "s/@I/$instance/g" -e "s/@D/$driver/g" -e "s/@R/$relid/g" contract >/tmp/contract
while IFS='|' read -r verb path text wanted; do
        check "$verb $path $text: $wanted" as_agreed "$verb" "$path" "$text" "$wanted"
done </tmp/contract
finish
