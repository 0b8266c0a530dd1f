# The dialect of PBS Professional and OpenPBS.

scheduler_submit() { eval "set -- $submit_options \"\$1\""; timeout -k 5 "$submit_limit" qsub "$@"; }
scheduler_id() {
    while read -r id_line; do
        case ${id_line%%.*} in '' | "$id_line" | *[!0-9]*) continue ;; esac
        case $id_line in *[!A-Za-z0-9._-]*) ;; *) native_id=$id_line ;; esac
    done <"$1"
}
# An error of qsub's own is an answer, but for those of a connection that broke off under way.
scheduler_become() { :; }
scheduler_refused() {
    [ "$1" -ne 0 ] && [ "$1" -ne 124 ] && [ "$1" -ne 137 ] || return 1
    case $1 in 126 | 127) return 0 ;; esac
    ! grep -Eqi 'end of file|protocol|timed out|communication|broken pipe|reset by peer' "$2" && grep -Eq '^qsub: ' "$2"
}
scheduler_lookup() { timeout 30 qselect -N "$1"; }
scheduler_accounting() {
    accounting_found=$(timeout 30 qselect -x -N "$1" 2>&1) && { printf '%s\n' "$accounting_found"; return 0; }
    case $accounting_found in *'not configured to maintain job history'*) return 3 ;; esac
    return 1
}
# Without a history an ended job is forgotten at once.
scheduler_memory() { echo 0; }
scheduler_cancel() { timeout 60 qdel "$1"; }
