# watch_time SECONDS FLAG: ends this process group when the time is over: FLAG is made, everything gets TERM, and what still
# lives after some seconds KILL, after last_words (the includer's function). Sets watchdog, to be killed at an end before.
watch_time() {
    watch_until=$(($(date +%s) + $1))
    # In short sleeps, so that none is left behind for hours when the end comes before.
    (
        trap '' TERM
        until [ "$(date +%s)" -ge "$watch_until" ]; do sleep 1; done
        : >"$2"
        kill -s TERM 0
        sleep 5
        last_words
        kill -s KILL 0
    ) >/dev/null 2>&1 </dev/null &
    watchdog=$!
}
