# Makes directories. Variables: paths (one a line), mode.
newline='
'
while [ -n "$paths" ]; do
    path=${paths%%"$newline"*}
    case $paths in *"$newline"*) paths=${paths#*"$newline"} ;; *) paths= ;; esac
    [ -d "$path" ] || mkdir -p -m "$mode" -- "$path" || exit 70
done
