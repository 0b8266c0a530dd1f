#!/bin/bash
# sshd and a one-node Slurm. When any of them ends, the container does.
set -euo pipefail
keys=/etc/sandbox-keys
install --directory --mode 700 /run/sandbox
if ! [ -f "$keys/host_key" ]; then
  ssh-keygen -q -t ed25519 -N '' -C sandbox -f "$keys/host_key"
fi
if ! [ -f "$keys/authorized_keys" ]; then
  ssh-keygen -q -t ed25519 -N '' -C howdah -f "$keys/user_key"
  cp "$keys/user_key.pub" "$keys/authorized_keys"
fi
# sshd insists on private files; a mounted Secret is what it is.
install --mode 600 "$keys/host_key" /run/sandbox/host_key
install --mode 644 "$keys/authorized_keys" /etc/ssh/authorized_keys
trap 'kill $(jobs -p) 2>/dev/null' EXIT
trap 'exit 0' TERM INT
slurmctld -D &
slurmd -D -N localhost &
/usr/sbin/sshd -D -e &
wait -n
echo "one of sshd, slurmctld and slurmd ended" >&2
exit 1
