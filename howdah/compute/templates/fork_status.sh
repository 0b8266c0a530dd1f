# Prints id|running, id|stopped or id|elsewhere for each living process. Variables: ids. Needs process.sh.
for id in $ids; do
    if ! is_here "$id"; then printf '%s|elsewhere\n' "$id"
    elif lives "$id"; then
        case $process_state in T* | t*) printf '%s|stopped\n' "$id" ;; *) printf '%s|running\n' "$id" ;; esac
    fi
done
