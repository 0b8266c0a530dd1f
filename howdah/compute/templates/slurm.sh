# The dialect of Slurm.

scheduler_submit() { eval "set -- $submit_options \"\$1\""; timeout -k 5 "$submit_limit" sbatch "$@"; }
scheduler_id() {
    while read -r id_line; do
        case ${id_line%%;*} in '' | *[!0-9]*) ;; *) native_id=${id_line%%;*} ;; esac
    done <"$1"
}
# Only what sbatch says after a definite answer, or after it never reached anybody, proves that there is no job: a request
# that was sent and not answered may have made one.
scheduler_become() { :; }
scheduler_refused() {
    [ "$1" -ne 0 ] && [ "$1" -lt 124 ] || [ "$1" -eq 126 ] || [ "$1" -eq 127 ] || return 1
    [ "$1" -lt 126 ] || return 0
    ! grep -Eqi 'receive failure|send failure|shutdown failure|timed out|zero bytes|unexpected message|communication' "$2" &&
        grep -Eq '^sbatch: (error|fatal): ' "$2"
}
scheduler_lookup() { timeout 30 squeue -h -u "$(id -u)" -t all -n "$1" -o %i; }
scheduler_accounting() {
    command -v sacct >/dev/null 2>&1 || return 3
    accounting_found=$(timeout 30 sacct -n -X -P -S now-60days "--name=$1" -o JobIDRaw 2>&1) && { printf '%s\n' "$accounting_found"; return 0; }
    case $accounting_found in *'accounting storage is disabled'*) return 3 ;; esac
    return 1
}
scheduler_memory() { timeout 30 scontrol show config | sed -n 's/^MinJobAge *= *\([0-9][0-9]*\).*/\1/p'; }
scheduler_cancel() { timeout 60 scancel "$1"; }
