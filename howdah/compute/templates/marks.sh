# Prints, for each submission, what its job left there: index|begun|ended|tombstone|started.
# Variables: dirs (one a line), boundary. No program is started for a job that left its files in order.

printf '%s %s\n' "$boundary" "$asked"
newline='
'
index=0
while [ -n "$dirs" ]; do
    sub=${dirs%%"$newline"*}
    case $dirs in *"$newline"*) dirs=${dirs#*"$newline"} ;; *) dirs= ;; esac
    begun= ended= tombstone= started=
    if [ -s "$sub/begun" ]; then read -r begun <"$sub/begun"; elif [ -L "$sub/started" ]; then started=$(readlink "$sub/started"); fi
    if [ -s "$sub/ended" ]; then read -r ended <"$sub/ended"; fi
    if [ -e "$sub/tombstone" ]; then tombstone=yes; fi
    printf '%s|%s|%s|%s|%s\n' "$index" "$begun" "$ended" "$tombstone" "$started"
    index=$((index + 1))
done
