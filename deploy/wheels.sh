#!/bin/sh
# Makes wheels of all distributions in a folder, the files of the web pages in that of the gateway, and beside them
# pins/, by which machines install exactly the packages that were tested:
#   sh wheels.sh PYTHON TARGET [all]      all: third-party packages too, for machines without a package index
# PYTHON needs the packages of pins/build.txt; pages must have been made (web-packages/vendor.sh).
set -eu
cd "$(dirname "$0")/.."
python=$1
target=$2
packages=services/gateway/src/taskmanager_gateway/web/static/vendor
services="gateway scheduler plugin-runner orchestrator cli"
lists="$services gateway-pictures"
[ -d "$packages" ] || {
    echo "wheels: $packages is missing; make setup" >&2
    exit 1
}
fresh=$target.fresh
rm -rf "$fresh"
mkdir -p "$fresh"
for folder in shared $(printf 'services/%s ' $services); do
    "$python" -m pip --disable-pip-version-check wheel --quiet --no-index --no-deps --no-build-isolation \
        --wheel-dir "$fresh" "./$folder"
done
for list in $lists; do
    if [ "${3:-}" = all ]; then
        sh deploy/pinned.sh "$python" wheel "pins/$list.txt" --wheel-dir "$fresh"
    fi
done
mkdir "$fresh/pins"
for list in $lists; do cp "pins/$list.txt" "$fresh/pins"; done
cp pins/build.txt "$fresh/pins"
rm -rf "$target"
mv "$fresh" "$target"
echo "wheels: $target has $(find "$target" -name 'taskmanager*.whl' | wc -l) of ours and $(find "$target" -name '*.whl' ! -name 'taskmanager*' | wc -l) others"
