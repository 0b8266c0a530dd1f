# Small files, without a program for each.

# put TEXT FILE: some shells call a full disk or a quota an I/O error only; cat says what it was.
put() { printf '%s\n' "$1" 2>/dev/null >"$2" || { printf '%s\n' "$1" | cat >"$2"; }; }

# mark FILE: make an empty file. Not by ":", whose failure ends the whole shell.
mark() { printf '' >"$1"; }
