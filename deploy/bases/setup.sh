#!/bin/sh
# What `make containers` needs where no Docker answers: podman and what it runs with, mmdebstrap for the bases.
# By name, since names they pull in only as recommendations (iptables, catatonit) are needed here.
set -eu
if command -v docker >/dev/null && docker info >/dev/null 2>&1; then exit 0; fi
missing=
for name in podman runc netavark aardvark-dns iptables catatonit mmdebstrap; do
    case $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) in ii*) ;; *) missing="$missing $name" ;; esac
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "containers: no Docker answers, and without root and apt-get these cannot be installed:$missing"
    exit 0
fi
echo "containers: installing Debian packages:$missing"
apt-get update -q >/dev/null
# shellcheck disable=SC2086 # one word per package
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >/dev/null
