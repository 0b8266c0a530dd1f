#!/bin/sh
# Installs what the tests need from Debian: OpenSSH's server, Slurm, iproute2, a C shell, Chromium. Only what is missing,
# and nothing that is installed starts by itself: tests run their own daemons.
set -eu

missing=""
need() { # package, program that it brings
    PATH="$PATH:/usr/sbin:/sbin" command -v "$2" >/dev/null 2>&1 || missing="$missing $1"
}
need openssh-server sshd
need openssh-client ssh-keygen
need slurmctld slurmctld
need slurmd slurmd
need slurm-client sbatch
need iproute2 ip
need tcsh tcsh
need chromium chromium
# Plugins bring no program of their own.
ls /usr/lib/*/slurm*/select_cons_tres.so >/dev/null 2>&1 || missing="$missing slurm-wlm-basic-plugins"
if [ -z "$missing" ]; then
    exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need these programs, and there is no apt-get to install them:$missing" >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    echo "The tests need these Debian packages; install them as root, or install sudo:" >&2
    echo "  apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

# policy-rc.d with status 101 forbids starting services. One that is there already is left as it is, and trusted.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
    trap '$as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
fi
echo "installing for the tests:$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086  # the words of the list are packages
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
