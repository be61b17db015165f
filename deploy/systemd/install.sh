#!/bin/sh
# Installs the units, users and folders, with a template of runners for each plugin that is named. Repeatable: files of
# systemd are replaced, those of /etc/taskmanager are left as they are. As root:
#   sh deploy/systemd/install.sh shell jp2
# --servers PLUGIN...: for RabbitMQ and MongoDB on this machine as well, in place of their own configuration
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}
servers=no
if [ "${1:-}" = --servers ]; then
    servers=yes
    shift
fi
for plugin in "$@"; do # what PluginName in the model accepts
    case $plugin in
    '' | *[!a-z0-9-]*)
        echo "install.sh: '$plugin' is no name of a plugin" >&2
        exit 2
        ;;
    esac
done

put() { install -D -m 644 "$here/$1" "$root$2"; }
put_once() { [ -e "$root$2" ] || put "$1" "$2"; }

for unit in taskmanager.target taskmanager-gateway.service taskmanager-scheduler.service taskmanager-migrate.service \
    taskmanager-orchestrator.service; do
    put "units/$unit" "/etc/systemd/system/$unit"
done
for plugin in "$@"; do
    unit=$root/etc/systemd/system/taskmanager-runner-$plugin@.service
    sed "s/PLUGIN/$plugin/g" "$here/units/taskmanager-runner-PLUGIN@.service" >"$unit.new"
    chmod 644 "$unit.new"
    mv "$unit.new" "$unit"
done
put sysusers.conf /usr/lib/sysusers.d/taskmanager.conf
put tmpfiles.conf /usr/lib/tmpfiles.d/taskmanager.conf
put polkit.rules /etc/polkit-1/rules.d/50-taskmanager.rules
for file in taskmanager.env gateway.env runner.env orchestrator.toml; do
    put_once "environment/$file" "/etc/taskmanager/$file"
done
if [ "$servers" = yes ]; then
    put servers/rabbitmq.conf /etc/rabbitmq/conf.d/20-taskmanager.conf
    put servers/mongod.conf /etc/mongod.conf
fi
[ -z "$root" ] || exit 0
systemd-sysusers /usr/lib/sysusers.d/taskmanager.conf
systemd-tmpfiles --create /usr/lib/tmpfiles.d/taskmanager.conf
systemctl daemon-reload
