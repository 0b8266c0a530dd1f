# Processes and how they are told apart.

# A fractional sleep where the system has it.
nap() { sleep 0.2 2>/dev/null || sleep 1; }

this_host=$(uname -n)
this_boot=
if [ -r /proc/sys/kernel/random/boot_id ]; then read -r this_boot </proc/sys/kernel/random/boot_id; fi
this_boot=${this_boot%%-*}

# process_start PID: prints when it was started, in the system's own measure; fails when there is no such process.
process_start() {
    if [ -r /proc/self/stat ]; then
        { read -r start_line </proc/"$1"/stat; } 2>/dev/null || return 1
        # The name in parentheses may hold anything; what follows the last one is fixed: state is the first field.
        set -- ${start_line##*) }
        [ "$1" != Z ] && [ "$1" != X ] || return 1
        process_state=$1
        shift 19
        printf '%s-%s' "$this_boot" "$1"
    else
        start_line=$(ps -o lstart= -p "$1" 2>/dev/null) && [ -n "$start_line" ] || return 1
        process_state=$(ps -o state= -p "$1" 2>/dev/null)
        printf '%s' "$start_line" | tr -cs 'A-Za-z0-9' '-'
    fi
}

# process_id PID: prints host:pid:start.
process_id() {
    process_started=$(process_start "$1") || return 1
    printf '%s:%s:%s' "$this_host" "$1" "$process_started"
}

# detached COMMAND…: becomes the command, in a session of its own, deaf to hang-ups.
detached() {
    if command -v setsid >/dev/null 2>&1; then exec setsid nohup "$@"
    elif command -v perl >/dev/null 2>&1; then exec perl -MPOSIX=setsid -e 'setsid(); $SIG{HUP} = "IGNORE"; exec @ARGV' "$@"
    else exec nohup "$@"; fi
}
