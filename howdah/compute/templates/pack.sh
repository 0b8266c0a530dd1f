# Writes a directory as a tar file. Variables: directory, archive, exclude (a name at the top that is left out, or empty).
# Exit 66: there is no directory. An archive that is there already is whole: it is written beside and renamed.
[ ! -f "$archive" ] || exit 0
[ -d "$directory" ] || { echo "no such directory" >&2; exit 66; }
beside="$archive.$$"
set -- -cf "$beside"
[ -z "$exclude" ] || set -- "$@" "--exclude=./$exclude*"
tar "$@" -C "$directory" .
status=$?
# 1: something changed while it was read, which what runs beside may do.
[ "$status" -le 1 ] && mv -f -- "$beside" "$archive" || { rm -f -- "$beside"; exit 74; }
