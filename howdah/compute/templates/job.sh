# The job, from its first breath to its exit code. Variables: native_id, sub, work_dir, requeue, limit_seconds, stdout,
# stderr. Needs files.sh, the function application and, when there is a limit, watchdog.sh.

# Nameless, it could take no mark: whatever is not there would be read as its own.
if [ -z "$native_id" ]; then
    echo "The scheduler told this job no id of its own; without one the application is not run." >&2
    exit 98
fi

# leave FILE WORDS: written under another name and renamed, so that nobody reads half of it. The time is the file's own, by
# the file system's clock, which is one for all nodes.
leave() { printf '%s\n' "$2" >"$sub/$1.$$.tmp" && mv -f "$sub/$1.$$.tmp" "$sub/$1"; }

# The started mark: of all jobs that this submission may have by whatever mishap, one runs the application. A symbolic
# link is made and filled in one step.
if ! ln -s "$native_id" "$sub/started" 2>/dev/null && [ "$(readlink "$sub/started")" != "$native_id" ]; then
    if [ -L "$sub/started" ]; then
        leave "suppressed.$native_id" "$native_id"
        echo "Another job of this submission runs or ran the application: $(readlink "$sub/started"). Nothing was done." >&2
        exit 97
    fi
    echo "The mark $sub/started can't be made; without it the application is not run." >&2
    exit 98
fi

# Requeued after it had ended, though it must not run again: the scheduler erred.
if [ "$requeue" = no ] && [ -s "$sub/ended" ]; then
    read -r _ code <"$sub/ended"
    case $code in '' | *[!0-9]*) exit 99 ;; *) exit "$code" ;; esac
fi
[ ! -e "$sub/ended" ] || rm -f "$sub/ended"
# Started again under way, which its application does not bear: some schedulers do so whatever they were asked.
if [ "$requeue" = no ] && [ -s "$sub/begun" ]; then
    leave ended "$native_id interrupted"
    exit 99
fi

put "$native_id" "$sub/begun"

finish() {
    code=$1
    trap '' EXIT HUP INT TERM
    [ -z "$watchdog" ] || kill -s KILL "$watchdog" 2>/dev/null
    [ ! -e "$sub/out_of_time" ] || code=timeout
    leave ended "$native_id $code"
    exit "$1"
}
watchdog=
trap 'finish $?' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -e "$sub/tombstone" ]; then
    leave ended "$native_id canceled"
    trap '' EXIT
    exit 143
fi

cd "$work_dir" || exit 96
case $stdout in */*) mkdir -p "${stdout%/*}" ;; esac
case $stderr in */*) mkdir -p "${stderr%/*}" ;; esac
last_words() { leave ended "$native_id timeout"; }
[ -z "$limit_seconds" ] || watch_time "$limit_seconds" "$sub/out_of_time"

# The inner shell waits for a deaf application, too, so that it is never left behind; and goes on with nothing after a TERM.
(trap 'exit 143' TERM; application) >"$stdout" 2>"$stderr" </dev/null
exit $?
