#!/bin/sh
# Installs Debian's PostgreSQL for the tests, unless one is there. Only the programs: no cluster is made and no service
# is started. Needs root.
set -eu

for server in /usr/lib/postgresql/*/bin/postgres; do
    if [ -x "$server" ]; then exit 0; fi
done

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# What apt says is of interest only when it fails.
quietly() {
    "$@" </dev/null >"$log" 2>&1 || {
        cat "$log" >&2
        exit 1
    }
}
install() {
    quietly apt-get install -y -qq --no-install-recommends "$@"
}

quietly apt-get update -qq
install postgresql-common
# The server's package makes a cluster and starts it, unless this file says otherwise while it is installed.
settings=/etc/postgresql-common/createcluster.conf
cp -p "$settings" "$settings.before"
trap 'mv "$settings.before" "$settings"; rm -f "$log"' EXIT
echo "create_main_cluster = false" >>"$settings"
install postgresql
