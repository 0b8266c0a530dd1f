# Runs a script detached from this session, so that a cut connection can't cut it in the middle, and prints what it said.
# Variables: work_dir, stage, wrapper, job_script (may be empty). Needs process.sh. Exit 66: there is no work directory.

[ -d "$work_dir" ] || exit 66
# What a job is given may be nobody else's business.
(umask 077 && mkdir -p "$stage") || exit 70
# Some shells call a full disk or a quota an I/O error only: cat says what it was.
put() { printf '%s\n' "$1" >"$2" || { printf '%s\n' "$1" | cat >"$2"; rm -rf "$stage"; exit 70; }; }
put "$wrapper" "$stage/wrapper.sh"
[ -z "$job_script" ] || put "$job_script" "$stage/job.sh"
(detached sh "$stage/wrapper.sh") </dev/null >"$stage/answer" 2>"$stage/words" &
wait $!
said=$(cat "$stage/answer") words=$(cat "$stage/words")
rm -rf "$stage"
printf '%s\n' "$said"
printf '%s\n' "$words" >&2
