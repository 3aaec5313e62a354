import { randomBytes } from 'node:crypto';
import { labelsOf } from '../../charts/kit/labels.ts';
import {
  APP_ROLE,
  appSecretName,
  DATABASE,
  MONITOR_ROLE,
  monitorSecretName,
  POSTGRES_PORT,
  tierName,
} from '../../charts/kit/names.ts';

/**
 * The Secrets of the managed database. Made once, never overwritten, owned by nobody: they outlive the
 * profile as its data does (D13). Their content is in no log, status, hash or message.
 */

/** A Secret as it is sent. */
export interface SecretObject {
  readonly apiVersion: 'v1';
  readonly kind: 'Secret';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly type: 'Opaque';
  readonly stringData: Readonly<Record<string, string>>;
}

/** Whose Secrets. */
export interface SecretOwner {
  readonly name: string;
  readonly namespace: string;
}

/** Names of the Secrets that a managed database needs. */
export const databaseSecretNames = (profile: string): readonly string[] => [
  appSecretName(profile),
  monitorSecretName(profile),
];

/** 32 characters that need no escaping in a URL, in SQL or in a shell: 192 bits. */
export const newPassword = (): string => randomBytes(24).toString('base64url');

/** The Secret of this name with a new password. */
export function databaseSecret(owner: SecretOwner, secretName: string, password: string): SecretObject {
  const isApp = secretName === appSecretName(owner.name);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: owner.namespace, labels: labelsOf(owner.name, 'postgres') },
    type: 'Opaque',
    stringData: isApp ? connectionOf(owner, password) : { username: MONITOR_ROLE, password },
  };
}

/** CloudNativePG's keys (D14), so that an application reads either. */
function connectionOf({ name, namespace }: SecretOwner, password: string): Record<string, string> {
  const host = `${tierName(name, 'postgres')}.${namespace}.svc`;
  const port = String(POSTGRES_PORT);
  return {
    username: APP_ROLE,
    password,
    host,
    port,
    dbname: DATABASE,
    uri: `postgresql://${APP_ROLE}:${password}@${host}:${port}/${DATABASE}`,
  };
}

/** A key of a Secret as the server sends it. */
export function secretValue(secret: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const data = (secret.data ?? {}) as Record<string, string>;
  const encoded = data[key];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}
