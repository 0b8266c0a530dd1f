# The dialect of HTCondor. The submit description is a file: its options are lines of it.

# Quoted for a value in double quotes of a submit description: within single quotes there, and no macros.
condor_quoted() { printf '%s' "$1" | sed -e 's/\$/$(DOLLAR)/g' -e "s/'/''/g" -e 's/"/""/g'; }
scheduler_submit() {
    submit_script=$1
    eval "set -- $submit_options"
    {
        printf '%s\n' "$@"
        printf 'executable = /bin/sh\ntransfer_executable = false\n'
        printf "arguments = \"'%s'\"\n" "$(condor_quoted "$submit_script")"
        # Jobs begin without an environment there.
        printf "environment = \"HOWDAH_NATIVE_ID=\$(Cluster).\$(Process) HOME='%s' USER='%s' PATH='%s'\"\n" \
            "$(condor_quoted "$HOME")" "$(condor_quoted "$(id -un)")" "$(condor_quoted "$PATH")"
        echo 'queue 1'
    } >"$submit_script.submit"
    timeout -k 5 "$submit_limit" condor_submit -terse "$submit_script.submit"
}
scheduler_id() { native_id=$(sed -n -e 's/^\([0-9][0-9]*\.[0-9][0-9]*\) - .*/\1/p' -e 's/^1 job(s) submitted to cluster \([0-9][0-9]*\)\.$/\1.0/p' "$1" | tail -n 1); }
scheduler_become() { :; }
scheduler_refused() {
    case $1 in 126 | 127) return 0 ;; 0 | 124 | 137) return 1 ;; esac
    ! grep -Eqi 'failed to commit|communication|timed out|connection closed|broken' "$2" && grep -q 'ERROR' "$2"
}
condor_named() {
    named_name=$1
    shift
    named_found=$(timeout 60 "$@" -constraint "HowdahName == \"$named_name\"" -format '%d.' ClusterId -format '%d\n' ProcId 2>&1) || return 1
    case $named_found in *[!0-9.'
']*) printf '%s\n' "$named_found" >&2; return 1 ;; esac
    printf '%s\n' "$named_found"
}
scheduler_lookup() { condor_named "$1" condor_q; }
scheduler_accounting() { command -v condor_history >/dev/null 2>&1 || return 3; condor_named "$1" condor_history -match 1; }
scheduler_memory() { echo 0; }
scheduler_cancel() { timeout 60 condor_rm "$1"; }
