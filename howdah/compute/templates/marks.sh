# Prints, for each submission, what its job left there: index|begun|ended|tombstone|started; then, after the boundary, the
# times of the marks begun and ended as "epoch path". Variables: dirs (one a line), boundary. One program is started for
# all jobs together, and none for each that left its files in order.

printf '%s %s\n' "$boundary" "$asked"
newline='
'
index=0
set --
while [ -n "$dirs" ]; do
    sub=${dirs%%"$newline"*}
    case $dirs in *"$newline"*) dirs=${dirs#*"$newline"} ;; *) dirs= ;; esac
    begun= ended= tombstone= started=
    if [ -s "$sub/begun" ]; then
        read -r begun <"$sub/begun"
        set -- "$@" "$sub/begun"
    elif [ -L "$sub/started" ]; then started=$(readlink "$sub/started"); fi
    if [ -s "$sub/ended" ]; then
        read -r ended <"$sub/ended"
        set -- "$@" "$sub/ended"
    fi
    if [ -e "$sub/tombstone" ]; then tombstone=yes; fi
    printf '%s|%s|%s|%s|%s\n' "$index" "$begun" "$ended" "$tombstone" "$started"
    index=$((index + 1))
done
printf '%s\n' "$boundary"
if [ "$#" -gt 0 ]; then
    if stat -c %Y / >/dev/null 2>&1; then stat -c '%Y %n' "$@"; else stat -f '%m %N' "$@"; fi
fi
