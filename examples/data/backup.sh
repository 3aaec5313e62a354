#!/bin/sh
# backup.sh NAMESPACE PROFILE FOLDER: a dump of the database, and the uploads, into the folder. Nothing stands still.
# Files of more than BACKUP_DAYS (14) days are deleted from it, but only after a backup that is whole.
set -eu
namespace=$1 profile=$2
cd "$3"
umask 077
name=$profile-$(date -u +%Y%m%dT%H%M%SZ)
# A backup counts only when it is whole: written beside, then renamed.
trap 'rm -f ".$name.part"' EXIT

kubectl exec -n "$namespace" "$profile-postgres-0" -- \
  pg_dump -h /var/run/postgresql -U postgres --format=custom app > ".$name.part"
# Read to its end, also when it is broken: kubectl would wait for ever with what nobody reads.
kubectl exec -i -n "$namespace" "$profile-postgres-0" -- \
  sh -c 'pg_restore --file=/dev/null || { cat > /dev/null; exit 1; }' < ".$name.part"
mv ".$name.part" "$name.dump"
echo "$PWD/$name.dump"

uploads=$(kubectl get wperf "$profile" -n "$namespace" -o jsonpath='{.spec.uploads.backendPath}')
if [ -n "$uploads" ]; then
  # Without the folder itself: it belongs to the volume, and whoever restores may not change its mode.
  kubectl exec -n "$namespace" "deployment/$profile-backend" -- \
    sh -c "cd '$uploads' && find . -mindepth 1 -maxdepth 1 -print0 | tar --null -T - -cf -" > ".$name.part"
  mv ".$name.part" "$name.uploads.tar"
  echo "$PWD/$name.uploads.tar"
fi
find . -maxdepth 1 -type f -name "$profile-*Z.*" -mtime "+${BACKUP_DAYS:-14}" -delete
