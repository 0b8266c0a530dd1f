# Prints the full status of jobs. Variables: ids. Where the server keeps no history, of those only that have not ended.
(
    TZ=UTC
    export TZ
    ask() { { ask_words=$(timeout 30 qstat "$@" $ids 2>&1 >&3); } 3>&1; }
    ask -x -f
    ask_status=$?
    case $ask_words in
        *'not configured to maintain job history'*) ask -f; ask_status=$? ;;
    esac
    printf '%s\n' "$ask_words" >&2
    exit "$ask_status"
)
