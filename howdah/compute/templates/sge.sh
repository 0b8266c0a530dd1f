# The dialect of Grid Engine.

scheduler_submit() { eval "set -- $submit_options \"\$1\""; timeout -k 5 "$submit_limit" qsub "$@"; }
scheduler_id() { native_id=$(sed -n -e 's/^\([0-9][0-9]*\)$/\1/p' -e 's/^Your job \([0-9][0-9]*\) .*has been submitted.*/\1/p' "$1" | tail -n 1); }
scheduler_become() { :; }
scheduler_refused() {
    case $1 in 126 | 127) return 0 ;; 0 | 124 | 137) return 1 ;; esac
    ! grep -qi 'connection refused' "$2" || return 0
    ! grep -Eqi 'failed receiving|got (read|send) error|timed? ?out|closed connection|broken pipe' "$2" &&
        grep -Eqi 'unable to run job|job .*(was )?rejected|error:|unknown option|exiting' "$2"
}
# The plain list cuts names off: the XML one does not. All elements of a job stand between <job_list …> and </job_list>.
scheduler_lookup() {
    lookup_found=$(timeout 30 qstat -u "$(id -un)" -xml) || return 1
    case $lookup_found in *'</job_info>'*) ;; *) return 1 ;; esac
    printf '%s\n' "$lookup_found" | awk -v name="$1" '
        { line = $0; sub(/^[ \t]*/, "", line); sub(/[ \t\r]*$/, "", line) }
        line ~ /^<JB_job_number>[0-9]+<\/JB_job_number>$/ { id = line; gsub(/[^0-9]/, "", id) }
        line == "<JB_name>" name "</JB_name>" { print id }'
}
scheduler_accounting() {
    command -v qacct >/dev/null 2>&1 || return 3
    accounting_found=$(timeout 60 qacct -j "$1" 2>&1) && {
        printf '%s\n' "$accounting_found" | sed -n 's/^jobnumber  *\([0-9][0-9]*\) *$/\1/p'
        return 0
    }
    case $accounting_found in
        *'not found'*) return 0 ;;
        *'No such file or directory'* | *"can't open"* | *'no jobs running since startup'*) return 3 ;;
    esac
    return 1
}
# Grid Engine forgets a job at its end; only the accounting remembers.
scheduler_memory() { echo 0; }
scheduler_cancel() { timeout 60 qdel "$1"; }
