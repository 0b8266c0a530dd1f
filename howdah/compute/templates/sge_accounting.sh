# Prints what the accounting knows of jobs. Variables: ids. Status 3: there is no accounting to be read here.
(
    command -v qacct >/dev/null 2>&1 || exit 3
    for id in $ids; do
        if said=$(timeout 60 qacct -j "$id" 2>&1); then printf '%s\n' "$said"; continue; fi
        case $said in
            *'not found'*) ;;
            *'No such file or directory'* | *"can't open"* | *'no jobs running since startup'*) exit 3 ;;
            *) printf '%s\n' "$said" >&2; exit 1 ;;
        esac
    done
)
