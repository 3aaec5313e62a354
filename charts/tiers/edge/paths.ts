/** Places that nginx.conf, run.sh and the pod must agree on. */

/** The ConfigMap, mounted as a directory: its link `..data` changes with its content. */
export const CONFIG_DIRECTORY = '/etc/pitcrew/edge';
/** The Secret with the certificate, mounted as a directory likewise. */
export const TLS_DIRECTORY = '/etc/pitcrew/tls';
/** The volume of the caches, and nothing else. */
export const CACHE_DIRECTORY = '/var/cache/pitcrew';
/** Size of /tmp: request bodies above their buffer, and what run.sh keeps. A pod that exceeds it is evicted. */
export const TEMPORARY_MIB = 1024;
/** The volume that the backend writes uploads to. */
export const UPLOADS_DIRECTORY = '/srv/uploads';
/** Process id of the master; there as soon as it can take signals. */
export const PID_FILE = '/tmp/nginx.pid';
/** Where run.sh keeps the configuration that nginx has accepted. */
export const STATE_DIRECTORY = '/tmp/pitcrew';
/** What nginx said about the configuration that it refused; empty when there is none. */
export const ERROR_FILE = `${STATE_DIRECTORY}/config-error`;
