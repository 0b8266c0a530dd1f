# Prints the regular files that fit a pattern, as "SIZE PATH" relative to the directory, one more than the limit at most.
# Variables: directory, pattern, limit. The pattern is only expanded, never run: no field splitting, no substitution.
[ -d "$directory" ] || exit 0
cd -- "$directory" || exit 67
IFS=
found=0
newline='
'
for path in $pattern; do
    [ -f "$path" ] || continue
    case $path in *"$newline"*) echo "a file that fits has a line break in its name" >&2; exit 68 ;; esac
    size=$(wc -c <"$path") || exit 69
    printf '%s %s\n' "$((size))" "$path"
    found=$((found + 1))
    [ "$found" -le "$limit" ] || exit 0
done
exit 0
