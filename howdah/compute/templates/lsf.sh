# The dialect of LSF. LSB_NTRIES keeps its commands from waiting for hours for a scheduler that is away.

LSB_NTRIES=${LSB_NTRIES:-3}
export LSB_NTRIES
scheduler_submit() {
    submit_script=$1
    eval "set -- $submit_options"
    timeout -k 5 "$submit_limit" bsub "$@" <"$submit_script"
}
scheduler_id() { native_id=$(sed -n 's/^.*Job <\([0-9][0-9]*\)> is submitted to .*queue.*$/\1/p' "$1" | tail -n 1); }
scheduler_become() { :; }
scheduler_refused() {
    case $1 in 126 | 127) return 0 ;; 0 | 124 | 137) return 1 ;; esac
    ! grep -Eqi 'receiv|timed? ?out' "$2" && grep -Eqi 'job not submitted|request aborted by esub|unknown option|bad argument' "$2"
}
lsf_no_job() { case $1 in *'is not found'* | *'No matching job found'* | *'No job found'* | *'No unfinished job found'*) return 0 ;; esac; return 1; }
scheduler_lookup() {
    lookup_found=$(timeout 30 bjobs -a -noheader -J "$1" -o jobid 2>&1) || { lsf_no_job "$lookup_found"; return; }
    printf '%s\n' "$lookup_found" | sed -n 's/^ *\([0-9][0-9]*\) *$/\1/p'
}
scheduler_accounting() {
    command -v bhist >/dev/null 2>&1 || return 3
    accounting_found=$(timeout 60 bhist -a -n 0 -l -J "$1" 2>&1) || { lsf_no_job "$accounting_found"; return; }
    printf '%s\n' "$accounting_found" | sed -n 's/^Job <\([0-9][0-9]*\)>.*/\1/p'
}
scheduler_memory() { timeout 30 bparams -a 2>/dev/null | sed -n 's/^ *CLEAN_PERIOD *= *\([0-9][0-9]*\).*/\1/p'; }
scheduler_cancel() { timeout 60 bkill "$1"; }
