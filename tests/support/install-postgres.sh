#!/bin/sh
# Installs Debian's PostgreSQL for the tests, unless it is installed already. Installs only the programs: creates no
# cluster and starts no service. Needs root.
set -eu

for server in /usr/lib/postgresql/*/bin/postgres; do
    if [ -x "$server" ]; then exit 0; fi
done

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Prints the output of apt only if it fails.
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
# The package of the server creates a cluster and starts it, unless this file disables that during the installation.
settings=/etc/postgresql-common/createcluster.conf
cp -p "$settings" "$settings.before"
trap 'mv "$settings.before" "$settings"; rm -f "$log"' EXIT
echo "create_main_cluster = false" >>"$settings"
install postgresql
