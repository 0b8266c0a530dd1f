# Starts a command once, detached, and waits a while for its end. Prints one line first: ended CODE SIZE SIZE ADOPTED,
# running ADOPTED, lost or failed WHY; after an end the heads of its output follow.
# Variables: dir, work_dir, runner (a script), nonce, wait_seconds, head_bytes. Needs files.sh, process.sh and detached.sh.

adopted=yes
(umask 077 && mkdir -p "${dir%/*}") || { echo "failed the directory ${dir%/*} can't be made"; exit 0; }
if mkdir "$dir" 2>/dev/null; then
    adopted=no
    printf '%s\n' "$runner" >"$dir/runner.sh" || { rm -rf "$dir"; echo "failed the command can't be written to $dir"; exit 0; }
    (detached sh "$dir/runner.sh") </dev/null >/dev/null 2>&1 &
    identify $! && put "$identity" "$dir/owner"
elif [ ! -d "$dir" ]; then
    echo "failed the claim $dir can't be made"
    exit 0
fi

# A runner without a trace of its life has ended without leaving a code: its host went down, or somebody killed it.
is_lost() {
    owner=
    if [ -s "$dir/owner" ]; then read -r owner <"$dir/owner" || :; fi
    if [ -z "$owner" ]; then [ -n "$(find "$dir" -prune -mmin +2)" ]; return; fi
    is_here "$owner" || return 1
    ! lives "$owner" && [ ! -s "$dir/exit_code" ]
}

# A short command's end is seen at once, a long one's is not worth a fork each moment.
left=$((wait_seconds * 5)) quick=15
while [ ! -s "$dir/exit_code" ]; do
    if is_lost; then echo lost; exit 0; fi
    [ "$left" -gt 0 ] || { echo "running $adopted"; exit 0; }
    if [ "$quick" -gt 0 ] && sleep 0.02 2>/dev/null; then quick=$((quick - 1)); else nap; left=$((left - 1)); fi
done
read -r code <"$dir/exit_code"
printf 'ended %s %s %s %s\n' "$code" $(wc -c <"$dir/stdout") $(wc -c <"$dir/stderr") "$adopted"
head -c "$head_bytes" "$dir/stdout"
printf '\n%s\n' "$boundary"
head -c "$head_bytes" "$dir/stderr"
