# The dialect of plain processes: the submission's own process becomes the job, once its id is recorded and told. So there
# is no moment in which a job runs that nobody knows of. Needs process.sh.

scheduler_submit() { native_id=$own_identity; }
scheduler_id() { :; }
scheduler_become() { export HOWDAH_NATIVE_ID="$native_id"; exec sh "$1" </dev/null >/dev/null 2>&1; }
scheduler_refused() { [ "$1" -ne 0 ] && [ "$1" -lt 124 ]; }
# A process that was started leaves the started mark at once: there is nothing else to look up, and nothing forgets it.
scheduler_lookup() { :; }
scheduler_accounting() { :; }
scheduler_memory() { echo 2000000000; }
scheduler_cancel() {
    if ! is_here "$1"; then echo "the process runs on ${1%%:*}, this is $this_host" >&2; return 1; fi
    lives "$1" || return 0
    cancel_rest=${1#*:}
    cancel_pid=${cancel_rest%%:*}
    # The submission itself, which has not become the job and will not.
    [ "$cancel_pid" -ne $$ ] || return 0
    kill -s TERM -- "-$cancel_pid" 2>/dev/null || kill -s TERM "$cancel_pid" || return 1
    cancel_left=25
    while [ "$cancel_left" -gt 0 ] && lives "$1"; do nap; cancel_left=$((cancel_left - 1)); done
    lives "$1" || return 0
    kill -s KILL -- "-$cancel_pid" 2>/dev/null || kill -s KILL "$cancel_pid"
}
