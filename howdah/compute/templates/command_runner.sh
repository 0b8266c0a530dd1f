# Runs the command and leaves its exit code. Variables: dir, work_dir, limit_seconds. Needs the function command_itself.
cd "$work_dir" || { echo "the directory $work_dir can't be entered" >&2; exit 96; }
(command_itself) >"$dir/stdout" 2>"$dir/stderr" </dev/null
printf '%s\n' "$?" >"$dir/exit_code.tmp" && mv -f "$dir/exit_code.tmp" "$dir/exit_code"
