# Runs the wrapper detached from this session, so that a cut connection can't cut it in the middle, and prints its answer.
# Variables: work_dir, sub (the submission's directory), script (the job script's file), job_script and wrapper (texts).
# Needs files.sh and detached.sh. Exit 66: there is no work directory; 70: nothing was begun.

[ -d "$work_dir" ] || exit 66
# What a job is given may be nobody else's business.
mkdir -p -m 700 "$sub" || exit 70
put "$job_script" "$script" || { rm -f "$script"; exit 70; }
# The answer comes through a pipe: who waits for it may go, and the wrapper goes on; it may also become the job itself, and
# lets go of the pipe then.
answer=$(detached sh -c "$wrapper" howdah-submit &)
printf '%s\n' "$answer"
