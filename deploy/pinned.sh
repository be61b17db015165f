#!/bin/sh
# Installs packages, or makes wheels of them, exactly as a list of pins names them: name, version and hash of the file.
#   sh pinned.sh PYTHON install|wheel PINS [options of pip]
# Nothing that is not in the list is fetched: no dependency, no tool to build with. What such a list has is written by
# `make pins`.
set -eu
python=$1
verb=$2
pins=$3
shift 3
exec "$python" -m pip --disable-pip-version-check "$verb" --quiet --require-hashes --no-deps --no-build-isolation \
    --requirement "$pins" "$@"
