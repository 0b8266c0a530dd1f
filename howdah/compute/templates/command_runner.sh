# Runs the command and leaves its exit code, or the word timeout. Variables: dir, work_dir, limit_seconds.
# Needs watchdog.sh and the function command_itself.
leave_code() { printf '%s\n' "$1" >"$dir/exit_code.$$.tmp" && mv -f "$dir/exit_code.$$.tmp" "$dir/exit_code"; }
last_words() { leave_code timeout; }
finish() {
    trap '' EXIT HUP INT TERM
    kill -s KILL "$watchdog" 2>/dev/null
    if [ -e "$dir/out_of_time" ]; then leave_code timeout; else leave_code "$1"; fi
}
trap 'finish $?' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
: >"$dir/stdout"
: >"$dir/stderr"
watch_time "$limit_seconds" "$dir/out_of_time"
cd "$work_dir" || exit 96
(trap 'exit 143' TERM; command_itself) >"$dir/stdout" 2>"$dir/stderr" </dev/null
exit $?
