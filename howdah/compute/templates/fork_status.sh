# Prints id|running, id|stopped or id|elsewhere for each living process. Variables: ids. Needs process.sh.
for id in $ids; do
    rest=${id#*:}
    if [ "${id%%:*}" != "$this_host" ]; then printf '%s|elsewhere\n' "$id"
    elif process_start "${rest%%:*}" >/dev/null && [ "$(process_id "${rest%%:*}")" = "$id" ]; then
        case $process_state in T* | t*) printf '%s|stopped\n' "$id" ;; *) printf '%s|running\n' "$id" ;; esac
    fi
done
