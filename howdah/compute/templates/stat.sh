# Prints: size, modification time (epoch seconds), kind. Variables: path. Exit 66: there is nothing.
[ -e "$path" ] || exit 66
if [ -d "$path" ]; then kind=directory; else kind=file; fi
if values=$(stat -L -c '%s %Y' -- "$path" 2>/dev/null); then :; else values=$(stat -L -f '%z %m' "$path") || exit 67; fi
printf '%s %s\n' "$values" "$kind"
