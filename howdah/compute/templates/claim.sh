# The claim on a submission: who may submit, what is known of its job.
# Variables: sub (the submission's directory), job_name, attempt, nonce, submit_limit. Needs files.sh, process.sh and a dialect.

# The newest claim's number in n, 0 when there is none. Claims are numbered and never removed, so that taking one over
# (making the next) is as atomic as making the first, and nobody can take away a claim other than the one he judged.
newest_claim() { n=0; while [ -d "$sub/claim.$((n + 1))" ]; do n=$((n + 1)); done; }

# A claim whose holder said that nothing was submitted under it, and nothing will be.
is_released() { [ -e "$sub/claim.$n/released" ]; }
release() { mark "$sub/claim.$n/released"; }

# native_id from the record.
recorded() {
    native_id=
    if [ -s "$sub/native_id" ]; then read -r native_id <"$sub/native_id"; fi
    [ -n "$native_id" ]
}
record() { printf '%s\n' "$1" >"$sub/native_id.$nonce" && mv -f "$sub/native_id.$nonce" "$sub/native_id"; }

modified() { stat -c %Y "$1" 2>/dev/null || stat -f %m "$1"; }

# Seconds since the newest claim was made, in age, by the file system's clock: login nodes' clocks differ. Fails when
# nobody can tell.
claim_age() {
    mark "$sub/now.$nonce" || return 1
    age_now=$(modified "$sub/now.$nonce") age_then=$(modified "$sub/claim.$n")
    rm -f "$sub/now.$nonce"
    [ -n "$age_now" ] && [ -n "$age_then" ] || return 1
    age=$((age_now - age_then))
}

# find_job: native_id of the job that the submission has. Status 0: found and recorded; 1: queue and accounting answered,
# and there is none; 2: nobody knows.
find_job() {
    recorded && return 0
    if native_id=$(readlink "$sub/started") && [ -n "$native_id" ]; then record "$native_id" || :; return 0; fi
    found=$(scheduler_lookup "$job_name") || return 2
    if [ -z "$found" ]; then
        found=$(scheduler_accounting "$job_name")
        case $? in
            0) ;;
            3) # Nobody keeps a record: the queue's silence means something only while it can't have forgotten.
                memory=$(scheduler_memory) && [ -n "$memory" ] && claim_age && [ "$age" -lt "$memory" ] || return 2 ;;
            *) return 2 ;;
        esac
    fi
    native_id=${found%%[!A-Za-z0-9:._-]*}
    [ -n "$native_id" ] || { [ -z "$found" ] && return 1 || return 2; }
    # Found is found, also where a full disk keeps it from being recorded.
    record "$native_id" || :
}

# may_take_over: the newest claim is old enough, its holder is not known to live, and it is of no newer attempt.
may_take_over() {
    claim_age && [ "$age" -ge $((3 * submit_limit)) ] || return 1
    owner_id= owner_attempt=0
    if [ -s "$sub/claim.$n/owner" ]; then read -r owner_id owner_attempt _ <"$sub/claim.$n/owner"; fi
    [ "${owner_attempt:-0}" -le "$attempt" ] || return 1
    # A pid is evidence only on its own host.
    ! lives "$owner_id"
}

# make_claim NUMBER: try to become its holder. Status 1: somebody else is; 2: it can't be made, the system's words say why.
make_claim() {
    if ! mkdir "$sub/claim.$1" 2>/dev/null; then
        [ ! -d "$sub/claim.$1" ] || return 1
        mkdir "$sub/claim.$1" || { [ -d "$sub/claim.$1" ] && return 1 || return 2; }
    fi
    n=$1
    identify $$
    own_identity=$identity
    put "$own_identity $attempt $nonce" "$sub/claim.$n/owner" || { release; return 2; }
}
