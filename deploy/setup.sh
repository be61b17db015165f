#!/bin/sh
# Makes a fresh Debian or Ubuntu machine ready: Debian packages, virtual environment, Python packages.
#   sh setup.sh run     what the services, `make up` and `make demo` need
#   sh setup.sh         what checks and tests need as well: Chromium, Node, Prometheus, their Python packages
# Repeatable: what is there already is left alone, an interrupted run is taken up again by the next one.
set -eu
purpose=${1:-test}
case $purpose in
run | test) ;;
*)
    echo "setup: '$purpose' is neither run nor test" >&2
    exit 2
    ;;
esac
cd "$(dirname "$0")/.."
root=$(pwd)
venv=$root/.venv
stamp=$venv/.setup-stamp
distributions="shared shared/testing services/gateway services/scheduler services/plugin-runner services/orchestrator services/cli deploy/local"
web_packages=services/gateway/web-packages
web_files=services/gateway/src/taskmanager_gateway/web/static/vendor
web_stamp=$web_packages/node_modules/.setup-stamp
policy=/usr/sbin/policy-rc.d
policy_is_ours=no

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# --- Python ---------------------------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
        if command -v "$candidate" >/dev/null && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed and was not found." \
        "Debian 12 and Ubuntu 24.04 have it (apt-get install python3); or name yours: make setup PYTHON=/path/to/python3"
}

# --- Debian packages ------------------------------------------------------------------------------------

installed() { # any of the names given, since Ubuntu and Debian 13 renamed libraries (libssl3t64)
    for name in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) in ii*) return 0 ;; esac
    done
    return 1
}

uses_mongod_wheel() {
    [ -z "${MONGODB_URL:-}" ] && ! command -v mongod >/dev/null && [ "$(uname -sm)" = "Linux x86_64" ]
}

has_browser() {
    [ -n "${TASKMANAGER_CHROMIUM:-}" ] || command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null
}

# Debian's Chromium without a window shows the same pages for two thirds of the processor time. Where it cannot be
# had, the whole Chromium serves: nothing here is a reason to fail, or to try it again each time.
prefer_small_browser() {
    [ ! -e "$stamp" ] && [ $purpose = test ] && [ -z "${TASKMANAGER_CHROMIUM:-}" ] && [ "$(id -u)" = 0 ] || return 0
    ! command -v chromium-headless-shell >/dev/null || return 0
    grep -qx ID=debian /etc/os-release 2>/dev/null || return 0 # Ubuntu has none
    say "installing chromium-headless-shell"
    {
        apt-get update -q && DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends chromium-headless-shell
    } >/dev/null || say "it cannot be installed: the browser tests take the whole Chromium, and longer"
}

missing_packages() {
    [ -n "${AMQP_URL:-}" ] || installed rabbitmq-server || echo rabbitmq-server
    installed imagemagick || echo imagemagick
    installed libopenjp2-tools || echo libopenjp2-tools
    installed poppler-utils || echo poppler-utils
    installed ffmpeg || echo ffmpeg
    installed fonts-dejavu-core || echo fonts-dejavu-core # for watermarks
    for package in tesseract-ocr tesseract-ocr-deu tesseract-ocr-lat tesseract-ocr-script-frak; do
        installed $package || echo $package
    done
    if [ $purpose = test ]; then
        command -v npm >/dev/null || echo npm
        command -v promtool >/dev/null || echo prometheus # it checks the alerts, and asks every panel of the dashboards
        command -v epubcheck >/dev/null || echo epubcheck # it judges what the plugin epub makes; brings Java
        has_browser || echo chromium # for the browser tests
    fi
    if uses_mongod_wheel; then # what the wheel's mongod is linked to
        installed libcurl4 libcurl4t64 || echo libcurl4
        installed libssl3 libssl3t64 || echo libssl3
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null || echo "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null || [ -t 0 ]; then
        sudo "$@"
    else
        return 1
    fi
}

can_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }
}

# Debian starts a server when its package is installed. Ours is a private one, so the system's stays off:
# not started during the installation, and not at the next boot. One that was there before is not touched.
forbid_service_start() {
    [ ! -e "$policy" ] || return 0
    policy_is_ours=yes
    as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
}

allow_service_start() {
    [ "$policy_is_ours" = yes ] || return 0
    policy_is_ours=no
    as_root rm -f "$policy"
}

leave_service_off() { # the name of a service
    if [ -d /run/systemd/system ]; then
        as_root systemctl disable --now --quiet "$1"
    else
        as_root update-rc.d "$1" disable
        as_root service "$1" stop >/dev/null 2>&1 || say "the system's $1 did not run"
    fi
}

install_packages() {
    say "installing Debian packages: $*"
    trap allow_service_start EXIT
    trap 'exit 130' INT TERM HUP
    forbid_service_start
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
    allow_service_start
    for service in rabbitmq-server prometheus; do
        case " $* " in *" $service "*) leave_service_off $service ;; esac
    done
}

ensure_packages() {
    if ! command -v dpkg-query >/dev/null; then
        say "this is no Debian or Ubuntu; it needs rabbitmq-server, ImageMagick, opj_compress, ffmpeg and tesseract of its own, and for the tests pdftotext, npm, chromium, epubcheck and promtool"
        return
    fi
    missing=$(missing_packages | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # one word per package
    if can_be_root; then
        install_packages $missing
    else
        fail "these Debian packages are missing and neither root nor sudo is at hand: $missing" \
            "ask for: apt-get install --no-install-recommends $missing"
    fi
}

# --- Python packages ------------------------------------------------------------------------------------

wanted_state() {
    {
        echo "$root"
        "$python" -VV
        uses_mongod_wheel && echo mongod
        cat pins/*.txt deploy/setup.sh deploy/pinned.sh shared/src/taskmanager/__init__.py # which has the version
        for distribution in $distributions; do cat "$distribution/pyproject.toml"; done
    } | sha256sum | cut -d ' ' -f 1
}

ensure_environment() {
    # a Python that was upgraded, or an interruption at the worst moment, leaves an environment that does not run
    if ! "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "making the virtual environment $venv"
        "$python" -m venv --clear "$venv"
    fi
}

pinned() { sh deploy/pinned.sh "$1/bin/python" install "pins/$2.txt"; }

# An environment of an earlier version may hold packages that nothing asks for any more.
remove_leftovers() {
    wanted=$(sed -n 's/^\([a-z0-9-]*\)==.*/\1/p' pins/build.txt pins/development.txt pins/mongod.txt)
    leftovers=
    for name in $("$venv/bin/python" -m pip --disable-pip-version-check list --format freeze --exclude-editable |
        cut -d = -f 1 | tr 'A-Z_.' 'a-z--'); do
        printf '%s\n' pip "$wanted" | grep -qx "$name" || leftovers="$leftovers $name"
    done
    [ -n "$leftovers" ] || return 0
    say "removing what nothing needs any more:$leftovers"
    # shellcheck disable=SC2086 # a list of words
    "$venv/bin/python" -m pip --disable-pip-version-check uninstall --quiet --yes $leftovers
}

install_python_packages() {
    say "installing Python packages into $venv"
    # the build tools come first: nothing is built with others than these
    pinned "$venv" build
    if [ $purpose = test ]; then pinned "$venv" development; else pinned "$venv" together; fi
    ! uses_mongod_wheel || pinned "$venv" mongod
    # shellcheck disable=SC2046,SC2086 # lists of words
    "$venv/bin/python" -m pip --disable-pip-version-check install --quiet --no-index --no-deps --no-build-isolation \
        $(printf -- '--editable %s ' $distributions)
    remove_leftovers
    "$venv/bin/python" -m pip --disable-pip-version-check check >/dev/null ||
        fail "$("$venv/bin/python" -m pip check)" "run make pins: the lists do not hold what pyproject.toml asks for"
}

install_tools() {
    "$venv/bin/python" -m venv --clear "$venv/tools"
    pinned "$venv/tools" tools
}

# --- Files of the web pages -----------------------------------------------------------------------------

ensure_web_files() {
    [ $purpose = test ] || return 0 # they are in the package; Node makes them anew, and the browser tests need more of it
    wanted=$(cat "$web_packages/package.json" "$web_packages/vendor.sh" "$web_packages/vendor.sha256" | sha256sum | cut -d ' ' -f 1)
    if [ "$(cat "$web_stamp" 2>/dev/null)" != "$wanted" ] || [ ! -d "$web_files" ]; then
        say "installing the npm packages of the web pages"
        rm -f "$web_stamp"
        sh "$web_packages/vendor.sh" "$web_files"
        echo "$wanted" >"$web_stamp"
    fi
}

mongod_hint() {
    [ -z "${MONGODB_URL:-}" ] && ! command -v mongod >/dev/null && ! uses_mongod_wheel || return 0
    say "no mongod for $(uname -sm): install MongoDB 6 or newer (mongod on the PATH), or set MONGODB_URL"
}

# What is set up for the tests stays so, whoever calls next.
is_ready() {
    case $(cat "$stamp" 2>/dev/null) in "test $state") return 0 ;; "run $state") [ $purpose = run ] ;; *) return 1 ;; esac
}

python=$(find_python)
prefer_small_browser
ensure_packages
state=$(wanted_state)
if ! is_ready; then
    rm -f "$stamp"
    ensure_environment
    [ ! -d "$venv/tools" ] || purpose=test
    install_python_packages
    [ $purpose = run ] || install_tools
    echo "$purpose $state" >"$stamp"
    say "done"
fi
ensure_web_files
mongod_hint
