#!/bin/sh
# Makes .venv-s3: the tests' environment, with s3fs and a server that speaks S3 (moto) beside what is locked.
set -eu

python="${1:-.venv/bin/python}"
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
wanted="moto[s3]==5.2.5 flask flask-cors s3fs>=2026.9"
if [ "$(cat .venv-s3/wanted 2>/dev/null || true)" = "$wanted" ]; then
    exit 0
fi
"$python" -m venv --clear .venv-s3
# shellcheck disable=SC2086  # two requirements
.venv-s3/bin/python -m pip install --quiet $wanted
own=$(.venv-s3/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo "$packages" >"$own/zz-project.pth" # behind what is installed here
echo "$wanted" >.venv-s3/wanted
