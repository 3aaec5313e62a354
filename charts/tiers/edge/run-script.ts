import { CONFIG_DIRECTORY, ERROR_FILE, PID_FILE, STATE_DIRECTORY, TLS_DIRECTORY } from './paths.ts';

/** Name of the script in the ConfigMap. */
export const RUN_SCRIPT = 'run.sh';

/**
 * The main process of the pod (D10): starts nginx and makes it take over what has changed. The same for all profiles.
 * POSIX sh, since the image may have no other.
 */
export const RUN_SCRIPT_TEXT = `#!/bin/sh
# Runs nginx, and makes it reload when its configuration or its certificate has changed.
#
# Kubernetes replaces the link "..data" of a mounted directory when the content changes. This script looks at
# the links once a second. When one has changed, nginx tests the new configuration; if it accepts it, the
# master is told to reload (SIGHUP): caches, counters and connections stay. If it does not, nothing changes,
# and what nginx said is kept in ${ERROR_FILE} until a configuration is accepted.
set -u

config=${CONFIG_DIRECTORY}
tls=${TLS_DIRECTORY}
state=${STATE_DIRECTORY}
error=${ERROR_FILE}
pid_file=${PID_FILE}

# What is mounted now. Without TLS there is no second link.
mounted() {
  printf '%s %s' "$(readlink "$config/..data")" "$(readlink "$tls/..data" 2>/dev/null)"
}

# Where the upstreams are now. nginx asks for their addresses only while it loads its configuration, so a Service
# that was made anew has to be noticed here. What can not be told at the moment counts as unchanged.
located() {
  for name in $(sed -nE 's/^ *server ([a-z][a-z0-9.-]*):[0-9].*/\\1/p' "$state/nginx.conf"); do
    getent hosts "$name" || return 1
  done
}

# Tests what is mounted. Only an accepted file becomes the one that nginx reads, so that nginx never reads one
# that was swapped after its test, and a container that is restarted can fall back on the last good one.
accept() {
  # Removed first: a copy of a mounted file that is left over can not be written to.
  rm -f "$state/candidate.conf"
  cat "$config/nginx.conf" >"$state/candidate.conf" 2>"$error" || return 1
  if nginx -e stderr -t -q -c "$state/candidate.conf" >"$state/verdict" 2>&1; then
    cat "$state/verdict" >&2
    mv "$state/candidate.conf" "$state/nginx.conf"
    : >"$error"
  else
    cat "$state/verdict" >&2
    mv "$state/verdict" "$error"
    return 1
  fi
}

# Runs beside nginx. A refusal can pass, for example when a name resolves again: the same content is tried
# once more every ten seconds. Nothing is signalled before nginx has written its pid file: until then SIGHUP kills.
watch() {
  refused=
  seconds=0
  while sleep 1; do
    seconds=$((seconds + 1))
    if [ $((seconds % 5)) -eq 0 ] && found=$(located 2>/dev/null); then places=$found; fi
    now="$(mounted) $places"
    [ "$now" != "$loaded" ] || continue
    [ "$now" != "$refused" ] || [ $((seconds % 10)) -eq 0 ] || continue
    [ -s "$pid_file" ] || continue
    if accept; then
      kill -HUP "$master"
      loaded=$now
      refused=
    else
      refused=$now
    fi
  done
}

# Lets running requests finish. Before the pid file is there, SIGQUIT would be lost.
stop() {
  [ -n "$master" ] || exit 0
  kill "$watcher" 2>/dev/null
  if [ -s "$pid_file" ]; then
    kill -QUIT "$master" 2>/dev/null
  else
    kill -TERM "$master" 2>/dev/null
  fi
}

master=
watcher=
trap stop TERM QUIT INT

mkdir -p "$state"
rm -f "$pid_file"
before=$(mounted)
if accept; then
  places=$(located 2>/dev/null)
  loaded="$before $places"
else
  [ -s "$state/nginx.conf" ] || exit 1
  places=
  loaded=
fi

nginx -e stderr -c "$state/nginx.conf" &
master=$!
watch &
watcher=$!

# A signal ends wait before nginx has ended; its exit code is the one of the last wait.
while :; do
  wait "$master"
  code=$?
  kill -0 "$master" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
exit "$code"
`;
