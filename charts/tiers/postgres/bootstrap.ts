/** The first process of the database's pod: makes the database once, runs the server, takes over changes. */

/** uid and gid of `postgres` in the official Debian image. */
export const POSTGRES_USER = 999;
export const POSTGRES_CONFIG_DIR = '/etc/pitcrew/postgres';
export const POSTGRES_SECRETS_DIR = '/etc/pitcrew/postgres-secrets';
/** The volume is mounted here; the database is a folder in it, so that dumps can lie beside it. */
export const POSTGRES_VOLUME_DIR = '/var/lib/postgresql/data';
export const SOCKET_DIR = '/var/run/postgresql';
/** Exists while roles and database are as the profile says. */
export const READY_FILE = '/tmp/pitcrew/ready';

/**
 * run.sh. A shell is the first process because three things must happen beside the server: the database is
 * made before it, roles are brought up to date after it, and a change of the mounted configuration makes it
 * reload. No rights in the cluster are needed for any of them.
 */
export function runScript(): string {
  return `#!/bin/sh
# Written by pitcrew. Makes the database once, runs PostgreSQL, and reloads it when its configuration changes.
set -eu
config=${POSTGRES_CONFIG_DIR}
secrets=${POSTGRES_SECRETS_DIR}
volume=${POSTGRES_VOLUME_DIR}
data=$volume/pgdata
PATH="$PATH:$(echo /usr/lib/postgresql/*/bin | tr ' ' ':')"
export PATH LANG=C.UTF-8
mkdir -p /tmp/pitcrew "$volume/dumps"
rm -f ${READY_FILE}

say() { echo "pitcrew: $*"; }

# The first process of a container gets no signal that it has no trap for.
trap 'exit 143' TERM INT QUIT

# The names of the folders that the kubelet has linked last: they change with the configuration and the passwords.
generation() { readlink "$config/..data" "$secrets/app/..data" "$secrets/monitor/..data" 2>/dev/null || echo none; }

if [ ! -s "$data/PG_VERSION" ]; then
  if [ -e "$data" ]; then say "$data exists but holds no database; it is not touched"; exit 1; fi
  # Made beside and renamed when whole, so that a kill in the middle leaves nothing half done.
  rm -rf -- "$data.init"
  initdb --pgdata="$data.init" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \\
    --auth-local=peer --auth-host=scram-sha-256
  mv "$data.init" "$data"
fi

made_by=$(cat "$data/PG_VERSION")
server=$(postgres --version | sed 's/[^0-9]*\\([0-9]*\\).*/\\1/')
if [ "$made_by" != "$server" ]; then
  say "the database was made by PostgreSQL $made_by, the image brings $server: set postgres.image back, or dump and restore"
  exit 1
fi

seen=$(generation)
postgres -D "$data" -c config_file="$config/postgresql.conf" &
server_pid=$!
# Kubernetes says TERM, which PostgreSQL takes as "wait for all clients": INT ends their sessions and stops cleanly.
trap 'kill -INT "$server_pid" 2>/dev/null || true' TERM INT QUIT

roles() {
  if psql --quiet --no-psqlrc --host=${SOCKET_DIR} --username=postgres --dbname=postgres --file="$config/roles.sql" >/dev/null; then
    touch ${READY_FILE}
  else
    return 1
  fi
}

settled=no
while kill -0 "$server_pid" 2>/dev/null; do
  if [ "$settled" = no ] && pg_isready --quiet --host=${SOCKET_DIR} && roles; then settled=yes; fi
  now=$(generation)
  if [ "$now" != "$seen" ]; then
    seen=$now
    settled=no
    say "configuration changed, reloading"
    kill -HUP "$server_pid"
  fi
  sleep 1 & wait $! || true
done
wait "$server_pid" && status=0 || status=$?
say "server ended with $status"
exit "$status"
`;
}
