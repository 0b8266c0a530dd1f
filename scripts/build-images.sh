#!/usr/bin/env bash
# Builds the images with Docker. Run by `make images`, which has built the console before.
#   DEBIAN_IMAGE          the base of all of them (debian:bookworm-slim)
#   IMAGE_PREFIX          what stands before their names (howdah/)
#   IMAGE_TAG             their tag (dev)
#   IMAGES                which ones (platform kafka postgres sandbox)
#   DOCKER_BUILD_OPTIONS  further options of docker build
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=${PYTHON:-.venv/bin/python}
out=build/images
images=${IMAGES:-platform kafka postgres sandbox}
mkdir -p "$out"

case " $images " in *" platform "*)
  rm -f "$out"/howdah-*.whl
  "$python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir "$out" . ;;
esac
case " $images " in *" kafka "*)
  "$python" -c '
import sys
from pathlib import Path
from howdah.local.console import progress_for
from howdah.local.downloads import JarLock, provide
from howdah.local.kafka import LOCK
provide(JarLock.read(LOCK), Path(sys.argv[1]), progress_for())' "$out/kafka" ;;
esac

for image in $images; do
  file=docker/$image/Dockerfile
  [ "$image" = platform ] && file=docker/platform.Dockerfile
  name=${IMAGE_PREFIX-howdah/}$image:${IMAGE_TAG:-dev}
  echo "building $name"
  # shellcheck disable=SC2086  # options are words
  docker build --quiet --build-arg "DEBIAN_IMAGE=${DEBIAN_IMAGE:-debian:bookworm-slim}" ${DOCKER_BUILD_OPTIONS:-} \
    --tag "$name" --file "$file" .
done
