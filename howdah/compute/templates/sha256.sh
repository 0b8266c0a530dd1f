# Prints the SHA-256 of a file. Variables: path. Exit 66: there is none.
[ -e "$path" ] || exit 66
if command -v sha256sum >/dev/null 2>&1; then sha256sum -- "$path"
elif command -v shasum >/dev/null 2>&1; then shasum -a 256 -- "$path"
else digest=$(openssl dgst -sha256 <"$path") && printf '%s\n' "${digest##* }"; fi
