# Submits a job once. Prints one line: submitted ID, adopted ID, canceled, refused STATUS, unknown WHY or failed WHY.
# Variables: those of claim.sh, script (this attempt's job script, its own), wait_seconds.

# Caught, not ignored: what is ignored here would stay ignored in the job.
trap : HUP PIPE INT

say() { printf '%s\n' "$*"; }
# Who has not handed the script to the scheduler takes it away.
handed_over=
answer() {
    say "$@"
    [ -n "$handed_over" ] || rm -f "$script"
    exit 0
}

submit() {
    claim=$sub/claim.$n
    if [ -e "$sub/tombstone" ]; then release; answer canceled; fi
    [ ! -d "$sub/claim.$((n + 1))" ] || answer unknown "another attempt has taken the submission over"
    native_id= handed_over=yes
    scheduler_submit "$script" >"$claim/out" 2>"$claim/err"
    status=$?
    scheduler_id "$claim/out"
    if [ -n "$native_id" ]; then
        record "$native_id"
        if [ -e "$sub/tombstone" ]; then
            scheduler_cancel "$native_id" >>"$claim/err" 2>&1
            cat "$claim/err" >&2
            answer canceled
        fi
        say submitted "$native_id"
        scheduler_become "$script"
        exit 0
    fi
    cat "$claim/err" >&2
    if scheduler_refused "$status" "$claim/err"; then handed_over= release; answer refused "$status"; fi
    if find_job; then answer adopted "$native_id"; fi
    answer unknown "the submit command ended with status $status and nobody knows whether it made a job"
}

# Waits for the newest claim's holder to come to an end.
wait_for_holder() {
    left=$((wait_seconds * 5))
    while [ "$left" -gt 0 ] && ! recorded && ! is_released && [ ! -L "$sub/started" ]; do nap; left=$((left - 1)); done
}

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
    make_claim $((n + 1))
    case $? in
        0) submit ;;
        2) answer failed "the claim can't be made" ;;
    esac
done
