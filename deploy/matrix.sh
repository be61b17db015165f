#!/bin/sh
# The commands of the README on bare Debian systems, each in a folder of its own, with nothing but git, make and Python:
#   sh matrix.sh bookworm trixie          PARTS="demo test-unit": the targets of make, one after the other
# It clones what is committed here, sets it up as a user would, and says how long it took and what differs. Set-up uses
# the network and this machine's settings of pip; what runs afterwards has a network of its own, without a way out.
# LEND="/folder /another": folders that the settings of pip name on this machine, to be seen in the systems as well.
# Needs root, mmdebstrap, ip and unshare. The systems stay in .matrix (MATRIX=folder) and are used again, empty of our things.
set -eu
cd "$(dirname "$0")/.."
folder=${MATRIX:-$PWD/.matrix}
parts=${PARTS:-demo}
failed=

for program in mmdebstrap ip unshare; do
    command -v $program >/dev/null || {
        echo "matrix: $program is missing" >&2
        exit 1
    }
done
[ "$(id -u)" = 0 ] || {
    echo "matrix: only root can make such systems" >&2
    exit 1
}

make_system() { # name, folder
    [ ! -e "$2/etc/debian_version" ] || return 0
    rm -rf "$2.new"
    mmdebstrap --quiet --variant=minbase --include=ca-certificates,git,make,python3 \
        --aptopt='Acquire::Check-Valid-Until "false"' "$1" "$2.new" >/dev/null
    mv "$2.new" "$2"
}

# what lets pip and npm reach their packages from here: authorities, settings, packages kept on this machine
lend() {
    mkdir -p "$1/usr/local/share/ca-certificates" "$1/root/.config/pip"
    cp /usr/local/share/ca-certificates/*.crt "$1/usr/local/share/ca-certificates/" 2>/dev/null || true
    chroot "$1" update-ca-certificates >/dev/null 2>&1
    for file in /etc/pip.conf /root/.config/pip/pip.conf /root/.npmrc; do
        [ ! -e $file ] || install -D -m 600 $file "$1$file"
    done
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    echo "127.0.0.1 localhost $(hostname)" >"$1/etc/hosts"
}

# sh -c in the system, all its processes ended with it; $1: "" or --net
inside() {
    network=$1
    system=$2
    shift 2
    # shellcheck disable=SC2086 # an option or nothing
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 SYSTEM="$system" COMMAND="$*" LEND="${LEND:-}" \
        NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
        unshare $network --mount --pid --fork --kill-child sh -euc '
            [ "$(id -u)" = 0 ]
            ip link set lo up
            mount --bind "$SYSTEM" "$SYSTEM" # as on a machine, / is a mount
            for place in /proc /dev /sys; do mount --rbind $place "$SYSTEM$place"; done
            mount -t proc proc "$SYSTEM/proc"
            for place in $LEND; do
                mkdir -p "$SYSTEM$place"
                mount --bind "$place" "$SYSTEM$place"
            done
            exec chroot "$SYSTEM" sh -euc "cd /srv/taskmanager; $COMMAND"'
}

versions() {
    inside "" "$1" '
        . /etc/os-release; echo "$PRETTY_NAME"
        python3 --version
        for name in rabbitmq-server imagemagick libopenjp2-tools; do dpkg-query -W -f "\${Package} \${Version}\n" $name; done' |
        tr '\n' ';'
    echo
}

mkdir -p "$folder"
for release in "$@"; do
    system=$folder/$release
    make_system "$release" "$system"
    lend "$system"
    rm -rf "$system/srv/taskmanager"
    git clone --quiet --no-hardlinks . "$system/srv/taskmanager"
    for part in $parts; do
        log=$folder/$release-$part.log
        case $part in demo) setup=setup-run ;; *) setup=setup ;; esac
        begun=$(date +%s)
        if inside "" "$system" "make $setup" >"$log" 2>&1; then
            ready=$(date +%s)
            if inside --net "$system" "make $part" >>"$log" 2>&1; then word=passed; else word=failed; fi
        else
            ready=$(date +%s)
            word="failed in the set-up"
        fi
        echo "matrix: $release make $part $word: $((ready - begun)) s set-up, then $(($(date +%s) - ready)) s; $log"
        case $word in failed*)
            failed="$failed $release:$part"
            tail -n 40 "$log"
            ;;
        esac
    done
    echo "matrix: $(versions "$system")"
done
[ -z "$failed" ] || {
    echo "matrix: failed:$failed" >&2
    exit 1
}
