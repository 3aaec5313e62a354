import type { Tier } from './labels.ts';

/** Names of all children: `<profile>-<tier>[-<part>]`. They are part of the public contract. */
export const tierName = (profile: string, tier: Tier): string => `${profile}-${tier}`;
export const configName = (profile: string, tier: Tier): string => `${profile}-${tier}-config`;
export const uploadsName = (profile: string): string => `${profile}-backend-uploads`;
/** Shorter than the rest: the labels of its pods carry it and take 63 characters, and a profile's name may have 40. */
export const migrateName = (profile: string, hash: string): string => `${profile}-migrate-${hash}`;
export const headlessName = (profile: string): string => `${profile}-postgres-pods`;

/** Secret with the connection of the application, in CloudNativePG's keys (D14). Made once by the operator, never overwritten. */
export const appSecretName = (profile: string): string => `${profile}-postgres-app`;
/** Secret with the password of the monitoring role by which the operator asks PostgreSQL what it has loaded. */
export const monitorSecretName = (profile: string): string => `${profile}-postgres-monitor`;

/** Ports inside the pods. All above 1024, since no pod runs as root. */
export const EDGE_HTTP_PORT = 8080;
export const EDGE_HTTPS_PORT = 8443;
/** nginx's own port for probes and for the proof of the loaded configuration; never reachable through the Service. */
export const EDGE_STATUS_PORT = 8081;
export const POSTGRES_PORT = 5432;
/** Path on the edge's status port that answers with the hash of the configuration that is loaded. */
export const EDGE_PROOF_PATH = '/-/config';
/** Path on the edge's status port that answers with the error of the last refused configuration, or nothing. */
export const EDGE_ERROR_PATH = '/-/config-error';

/** Database, roles and setting that the managed PostgreSQL is made with. */
export const DATABASE = 'app';
export const APP_ROLE = 'app';
/** Login of the migration: acts as the application's role and has none of its time limits. Its password is the same. */
export const MIGRATE_ROLE = 'pitcrew_migrate';
export const MONITOR_ROLE = 'pitcrew_monitor';
/** Custom setting in postgresql.conf that carries the configuration hash (D11). */
export const PG_PROOF_SETTING = 'pitcrew.config_hash';

/** The claim that the StatefulSet makes from its template `data` for its only pod. It outlives the profile (D13). */
export const dataClaimName = (profile: string): string => `data-${profile}-postgres-0`;
