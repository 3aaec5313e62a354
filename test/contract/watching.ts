import { afterEach } from 'vitest';
import { ownershipHash } from '../../controller/cluster/ownership.ts';
import { createReflector, type Reflector, type ReflectorOptions } from '../../controller/cluster/reflector.ts';
import type { ApiServer } from './api-server.ts';

type Digest = string | undefined;

/** A running reflector, what it told, and how often it had to ask. */
export interface Watching {
  readonly reflector: Reflector<Digest>;
  readonly told: string[];
  readonly counts: { lists: number; watches: number; missed: number };
}

/** Gives reflectors of the ConfigMaps labelled `watched=yes`, and stops them after each test. */
export function useReflectors(server: ApiServer): (options?: Partial<ReflectorOptions<Digest>>) => Watching {
  const reflectors: Reflector<Digest>[] = [];
  afterEach(async () => {
    for (const reflector of reflectors.splice(0)) await reflector.stop();
  });
  return (options = {}) => {
    const told: string[] = [];
    const counts = { lists: 0, watches: 0, missed: 0 };
    const count = (name: keyof typeof counts) => (by: unknown) => {
      counts[name] += typeof by === 'number' && name === 'missed' ? by : 1;
    };
    const reflector = createReflector<Digest>({
      transport: server.transport,
      kind: 'ConfigMap',
      namespaces: [server.namespace],
      labelSelector: 'watched=yes',
      project: (object) => ownershipHash(object),
      onChange: ({ type, entry }) => told.push(`${type} ${entry.name}`),
      observer: { listed: count('lists'), watchStarted: () => count('watches')(1), missed: count('missed') },
      ...options,
    });
    reflectors.push(reflector);
    reflector.start();
    return { reflector, told, counts };
  };
}

/** An object for them to see. */
export const watchedConfigMap = (server: ApiServer, name: string, value = '1') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: server.namespace, labels: { watched: 'yes' } },
  data: { value },
});
