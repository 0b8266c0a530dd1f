# detached COMMAND…: becomes the command, in a session of its own, where no hang-up comes.
detached() {
    if command -v setsid >/dev/null 2>&1; then exec setsid "$@"
    elif command -v perl >/dev/null 2>&1; then exec perl -MPOSIX=setsid -e 'setsid(); $SIG{HUP} = "IGNORE"; exec @ARGV' "$@"
    else exec nohup "$@"; fi
}
