# Runs a script detached from this session, so that a cut connection can't cut it in the middle, and prints what it said.
# Variables: work_dir, stage, wrapper, job_script (may be empty). Needs process.sh. Exit 66: there is no work directory.

[ -d "$work_dir" ] || exit 66
# What a job is given may be nobody else's business.
(umask 077 && mkdir -p "$stage") || exit 70
printf '%s\n' "$wrapper" >"$stage/wrapper.sh" || exit 70
[ -z "$job_script" ] || printf '%s\n' "$job_script" >"$stage/job.sh" || exit 70
(detached sh "$stage/wrapper.sh") </dev/null >"$stage/answer" 2>"$stage/words" &
wait $!
said=$(cat "$stage/answer") words=$(cat "$stage/words")
rm -rf "$stage"
printf '%s\n' "$said"
printf '%s\n' "$words" >&2
