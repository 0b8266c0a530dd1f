#!/bin/sh
# The example with curl alone, after:  howdah apply -f catalogue.yaml
#   HOWDAH_API_URL=http://127.0.0.1:… HOWDAH_TOKEN=… sh run.sh [resource]
# Needs curl and python3 (only to read JSON).
set -eu
cd "$(dirname "$0")"
resource=${1:-sandbox}
api="$HOWDAH_API_URL/api/v1"

# The token goes through a file, so that it is on no command line.
header=$(mktemp)
trap 'rm -f "$header"' EXIT
printf 'Authorization: Bearer %s\n' "$HOWDAH_TOKEN" >"$header"
call() { curl --silent --show-error --fail-with-body -H "@$header" "$@"; }
pick() { python3 -c "import json, sys; answer = json.load(sys.stdin); print($1)"; }
id_of() { call "$api/$1?limit=500" | pick "next(one['id'] for one in answer['items'] if one['name'] == '$2')"; }

interface_id=$(id_of application-interfaces gray-scott)
resource_id=$(id_of compute-resources "$resource")
program=$(call -F file=@gray_scott.py "$api/files" | pick "answer['uri']")
seeds=$(call -F file=@seeds.csv "$api/files" | pick "answer['uri']")

# The same Idempotency-Key makes the same experiment, however often the request is sent.
experiment_id=$(call --retry 5 -H "Idempotency-Key: $(python3 -c 'import uuid; print(uuid.uuid4())')" \
  -H 'Content-Type: application/json' "$api/experiments" --data @- <<JSON | pick "answer['id']"
{
  "kind": "application",
  "name": "corals from curl",
  "interface_id": "$interface_id",
  "resource_id": "$resource_id",
  "inputs": {"program": "$program", "seeds": "$seeds", "steps": 600, "palette": "grey"},
  "launch": true
}
JSON
)
echo "experiment $experiment_id"

# The live stream goes on after the end; the reader leaves when it has read the final state, and curl complains of that.
call --no-buffer "$api/experiments/$experiment_id/stream" 2>/dev/null | python3 -uc '
import json, sys
END = {"COMPLETED", "FAILED", "CANCELED"}
for line in sys.stdin:
    if not line.startswith("data:"):
        continue
    data = json.loads(line[5:])
    states = [one["state"] for one in data.get("experiments", [])]
    for change in data.get("changes", []):
        print(change["entity"], change["from"], "->", change["to"])
        states += [change["to"]] if change["entity"] == "experiment" else []
    if END & set(states):
        break
' || true

mkdir -p results
for name in history pattern stdout; do
  call --output "results/$name" "$api/experiments/$experiment_id/outputs/$name"
done
ls -l results
