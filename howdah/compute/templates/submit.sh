# Submits a job once. Prints one line: submitted ID, adopted ID, canceled, refused STATUS, unknown WHY or failed WHY.
# Variables: those of claim.sh, stage (where this attempt's job script lies), wait_seconds.

# Caught, not ignored: what is ignored here would stay ignored in the job.
trap : HUP PIPE INT

answer() { printf '%s\n' "$*"; exit 0; }

submit() {
    # The claim's own copy: another attempt must not write into a script that the scheduler may be reading.
    mv -f "$stage/job.sh" "$sub/claim.$n/job.sh" || { release; answer failed "the job script could not be put into place"; }
    if [ -e "$sub/tombstone" ]; then release; answer canceled; fi
    [ ! -d "$sub/claim.$((n + 1))" ] || answer unknown "another attempt has taken the submission over"
    scheduler_submit "$sub/claim.$n/job.sh" >"$sub/claim.$n/out" 2>"$sub/claim.$n/err"
    status=$?
    native_id=$(scheduler_id "$sub/claim.$n/out")
    if [ -n "$native_id" ]; then
        record "$native_id"
        if [ -e "$sub/tombstone" ]; then scheduler_cancel "$native_id" >&2; answer canceled; fi
        answer submitted "$native_id"
    fi
    cat "$sub/claim.$n/err" >&2
    if scheduler_refused "$status" "$sub/claim.$n/err"; then release; answer refused "$status"; fi
    if find_job; then answer adopted "$native_id"; fi
    answer unknown "the submit command ended with status $status and nobody knows whether it made a job"
}

# Waits for the newest claim's holder to come to an end.
wait_for_holder() {
    left=$((wait_seconds * 5))
    while [ "$left" -gt 0 ] && ! recorded && ! is_released && [ ! -L "$sub/started" ]; do nap; left=$((left - 1)); done
}

(umask 077 && mkdir -p "$sub") || answer failed "the submission's directory can't be made"
while :; do
    recorded && answer adopted "$native_id"
    newest_claim
    if [ "$n" -gt 0 ] && ! is_released; then
        wait_for_holder
        is_released && ! recorded && continue
        find_job
        case $? in
            0) answer adopted "$native_id" ;;
            2) answer unknown "another attempt began to submit, and the scheduler can't say whether there is a job" ;;
        esac
        may_take_over || answer unknown "another attempt began to submit not long ago and may yet come to its end"
    fi
    [ ! -e "$sub/tombstone" ] || answer canceled
    if make_claim $((n + 1)); then submit; fi
    [ -d "$sub/claim.$((n + 1))" ] || answer failed "the claim can't be made"
done
