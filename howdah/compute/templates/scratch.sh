# Tries the scratch folder. Variables: scratch. Prints the free KiB in the first line, what is known of quotas after it.
mkdir -p -- "$scratch" || exit 70
probe="$scratch/.howdah-look.$$"
(printf 'a look at this folder\n' >"$probe") && rm -f -- "$probe" || { rm -f -- "$probe"; exit 71; }
df -Pk -- "$scratch" 2>/dev/null | { read -r _; read -r _ _ _ free _; printf '%s\n' "$free"; }
if command -v timeout >/dev/null 2>&1 && command -v quota >/dev/null 2>&1; then timeout 5 quota -w 2>/dev/null | head -n 20; fi
exit 0
