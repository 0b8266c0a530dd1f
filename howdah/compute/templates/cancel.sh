# Cancels a submission's job. Prints one line: none (there is no job and will be none), asked ID, or unknown WHY.
# Variables: those of claim.sh, known_id (may be empty), wait_seconds.

# Caught, not ignored: what is ignored here would stay ignored in the job.
trap : HUP PIPE INT

answer() { printf '%s\n' "$*"; exit 0; }
ask() { scheduler_cancel "$native_id" >&2; answer asked "$native_id"; }

if ! mkdir -p -m 700 "$sub"; then
    [ -n "$known_id" ] || answer unknown "the submission's directory can't be made"
    native_id=$known_id
    ask
fi
# First the tombstone, then the look at claim and id: a submitter does it the other way round, so one sees the other.
mark "$sub/tombstone" || answer unknown "the tombstone can't be written"
[ -z "$known_id" ] || recorded || record "$known_id"
left=$((wait_seconds * 5))
while :; do
    recorded && ask
    newest_claim
    if [ "$n" -eq 0 ] || is_released; then
        make_claim $((n + 1))
        case $? in
            0) release; answer none ;;
            2) answer unknown "the claim can't be made" ;;
        esac
        continue
    fi
    [ "$left" -gt 0 ] || break
    nap
    left=$((left - 1))
done
find_job
case $? in
    0) ask ;;
    1) if may_take_over && make_claim $((n + 1)); then release; answer none; fi ;;
esac
answer unknown "an attempt to submit is still under way, or the scheduler can't say whether there is a job"
