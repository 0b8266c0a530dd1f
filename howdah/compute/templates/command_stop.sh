# Stops a command and keeps it from starting. Prints stopped, ended or elsewhere. Variables: dir. Needs process.sh.
(umask 077 && mkdir -p "${dir%/*}")
if mkdir "$dir" 2>/dev/null; then : >"$dir/stdout"; : >"$dir/stderr"; echo 143 >"$dir/exit_code"; echo stopped; exit 0; fi
[ ! -s "$dir/exit_code" ] || { echo ended; exit 0; }
owner=
if [ -s "$dir/owner" ]; then read -r owner <"$dir/owner" || :; fi
owner_rest=${owner#*:}
pid=${owner_rest%%:*}
if [ -z "$owner" ] || ! is_here "$owner"; then echo elsewhere; exit 0; fi
if lives "$owner"; then
    kill -s TERM -- "-$pid" 2>/dev/null
    left=25
    while [ "$left" -gt 0 ] && lives "$owner"; do nap; left=$((left - 1)); done
    ! lives "$owner" || kill -s KILL -- "-$pid"
fi
[ -s "$dir/exit_code" ] || { echo 143 >"$dir/exit_code.tmp" && mv -f "$dir/exit_code.tmp" "$dir/exit_code"; }
echo stopped
