# The dialect of plain processes. Needs process.sh.

scheduler_submit() {
    detached sh "$1" </dev/null >/dev/null 2>&1 &
    # It may be over already; then the mark that it left says who it was.
    process_id $! || readlink "$sub/started" || printf '%s:%s:%s' "$this_host" $! unseen
    echo
}
scheduler_id() { sed -n 's/^\([A-Za-z0-9._-]*:[0-9]*:[A-Za-z0-9._-]*\)$/\1/p' "$1" | tail -n 1; }
scheduler_refused() { [ "$1" -ne 0 ] && [ "$1" -lt 124 ]; }
# A process that was started leaves the started mark at once: there is nothing else to look up, and nothing forgets it.
scheduler_lookup() { :; }
scheduler_accounting() { :; }
scheduler_memory() { echo 2000000000; }
scheduler_own_id() { process_id $$; }
scheduler_cancel() {
    cancel_host=${1%%:*} cancel_rest=${1#*:}
    cancel_pid=${cancel_rest%%:*}
    if [ "$cancel_host" != "$this_host" ]; then echo "the process runs on $cancel_host, this is $this_host" >&2; return 1; fi
    [ "$(process_id "$cancel_pid")" = "$1" ] || return 0
    kill -s TERM -- "-$cancel_pid" 2>/dev/null || kill -s TERM "$cancel_pid" || return 1
    cancel_left=25
    while [ "$cancel_left" -gt 0 ] && [ "$(process_id "$cancel_pid")" = "$1" ]; do nap; cancel_left=$((cancel_left - 1)); done
    [ "$(process_id "$cancel_pid")" = "$1" ] || return 0
    kill -s KILL -- "-$cancel_pid" 2>/dev/null || kill -s KILL "$cancel_pid"
}
