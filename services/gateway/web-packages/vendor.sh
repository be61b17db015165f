#!/bin/sh
# Installs the packages of package.json and copies exactly the files that the web pages serve, with their licences.
#   sh vendor.sh TARGET [npm options]     TARGET: the folder of the files; made new, only when all of it is there
# npm checks each package against the checksum its registry names, and this each file against vendor.sha256. After a
# change in package.json: (cd TARGET.fresh && LC_ALL=C sha256sum -- *) >vendor.sha256. Repeatable; needs npm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=$1
shift

(cd "$here" && npm install --no-package-lock --ignore-scripts --no-audit --no-fund --omit=peer \
    --loglevel=error "$@" >/dev/null)

fresh=$target.fresh
rm -rf "$fresh"
mkdir -p "$fresh"
take() { cp "$here/node_modules/$1" "$fresh/$2"; }
take bootstrap/dist/css/bootstrap.min.css bootstrap.min.css
take bootstrap/dist/js/bootstrap.bundle.min.js bootstrap.bundle.min.js
take bootstrap/LICENSE bootstrap.LICENSE.txt
take htmx.org/dist/htmx.min.js htmx.min.js
take htmx.org/LICENSE htmx.LICENSE.txt
take idiomorph/dist/idiomorph-ext.min.js idiomorph-ext.min.js
take idiomorph/LICENSE idiomorph.LICENSE.txt
take swagger-ui-dist/swagger-ui-bundle.js swagger-ui-bundle.js
take swagger-ui-dist/swagger-ui.css swagger-ui.css
take swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt swagger-ui-bundle.js.LICENSE.txt
take swagger-ui-dist/LICENSE swagger-ui.LICENSE.txt
take swagger-ui-dist/NOTICE swagger-ui.NOTICE.txt
take openseadragon/build/openseadragon/openseadragon.min.js openseadragon.min.js
take openseadragon/LICENSE.txt openseadragon.LICENSE.txt
chmod 644 "$fresh"/*
# these are the files that were looked at, and no others: what a registry, or somebody on the way, may have changed
# stops here
(cd "$fresh" && LC_ALL=C sha256sum -- *) | cmp -s - "$here/vendor.sha256" || {
    echo "vendor.sh: the files of the web pages are not those of vendor.sha256" >&2
    exit 1
}
rm -rf "$target"
mv "$fresh" "$target"
