#!/bin/sh
# restore.sh NAMESPACE PROFILE DUMP: empties the database of the profile and puts the dump into it (pg_dump, custom format).
# The backend stands still meanwhile. After a failure it still does: mend the cause and run this again.
set -eu
namespace=$1 profile=$2 dump=$3
in_pod() { kubectl exec -i -n "$namespace" "$profile-postgres-0" -- "$@"; }
database='-h /var/run/postgresql -U postgres -d app'
copy=/var/lib/postgresql/data/dumps/restore.dump

# Before anything stands still: onto the volume, where it can be read more than once; and whether it is whole.
in_pod sh -c "umask 077; cat > $copy" < "$dump"
in_pod pg_restore --file=/dev/null "$copy" < /dev/null

trap 'echo "not restored: $profile is suspended and its backend stands still; mend the cause and run this again" >&2' EXIT
kubectl annotate wperf "$profile" -n "$namespace" --overwrite performance.bahamm.ir/suspend=true
kubectl wait wperf "$profile" -n "$namespace" --timeout=1m \
  --for=jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'=Suspended
kubectl scale deployment "$profile-backend" -n "$namespace" --replicas=0
kubectl wait pod -n "$namespace" -l "performance.bahamm.ir/profile=$profile,performance.bahamm.ir/tier=backend" \
  --for=delete --timeout=5m

in_pod psql $database -q -v ON_ERROR_STOP=1 < "$(dirname "$0")/empty.sql"
# As the role of the application, which shall own everything.
in_pod pg_restore $database --jobs=2 --no-owner --no-acl --role=app --exit-on-error "$copy" < /dev/null
in_pod psql $database -q -c 'ANALYZE' < /dev/null
in_pod rm "$copy" < /dev/null

kubectl annotate wperf "$profile" -n "$namespace" performance.bahamm.ir/suspend-
kubectl wait wperf "$profile" -n "$namespace" --for=condition=Ready --timeout=5m
trap - EXIT
