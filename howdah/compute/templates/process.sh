# Processes and how they are told apart. On Linux nothing here starts a program: each costs as much as the rest together.

# A fractional sleep where the system has it.
nap() { sleep 0.2 2>/dev/null || sleep 1; }

# look_around: this_host, the host's name, and this_boot, which tells apart what the host started before it was last down.
this_host=
look_around() {
    [ -z "$this_host" ] || return 0
    this_boot=
    if [ -r /proc/sys/kernel/hostname ]; then read -r this_host </proc/sys/kernel/hostname; fi
    [ -n "$this_host" ] || this_host=$(uname -n)
    if [ -r /proc/sys/kernel/random/boot_id ]; then read -r this_boot </proc/sys/kernel/random/boot_id; fi
    this_boot=${this_boot%%-*}
}

# identify PID: identity is host:pid:start, the start in the system's own measure; process_state its letter. Fails, with
# both empty, when there is no such process.
identify() {
    look_around
    identity= process_state=
    if [ -r /proc/self/stat ]; then
        { read -r stat_line </proc/"$1"/stat; } 2>/dev/null || return 1
        # The name in parentheses may hold anything; what follows the last one is fixed: state is the first field.
        set -- "$1" ${stat_line##*\) }
        case $2 in Z | X | '') return 1 ;; esac
        process_state=$2 process_start=$this_boot-${21}
    else
        stat_line=$(ps -o lstart= -p "$1" 2>/dev/null) && [ -n "$stat_line" ] || return 1
        process_state=$(ps -o state= -p "$1" 2>/dev/null)
        process_start=$(printf '%s' "$stat_line" | tr -cs 'A-Za-z0-9' '-')
    fi
    identity=$this_host:$1:$process_start
}

# is_here IDENTITY: whether it is of this host: of another's processes nothing can be said.
is_here() { look_around; [ "${1%%:*}" = "$this_host" ]; }

# lives IDENTITY: whether that process lives on this host.
lives() {
    is_here "$1" || return 1
    lives_rest=${1#*:}
    identify "${lives_rest%%:*}" && [ "$identity" = "$1" ]
}
