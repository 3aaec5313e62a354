import type { KubeObject } from '../../../controller/cluster/port.ts';
import { createReflector } from '../../../controller/cluster/reflector.ts';
import type { Change } from '../../../controller/cluster/store.ts';
import type { Status } from '../../../crds/status.ts';
import { waitFor } from '../../support/kubectl.ts';
import { NAMESPACE } from './profile.ts';
import type { Server } from './server.ts';

/** When something was seen to be done, by `performance.now()`. */
export interface Times {
  /** Of each profile: when a generation was first reported to be applied, and when it was Ready. */
  readonly applied: ReadonlyMap<string, number>;
  readonly ready: ReadonlyMap<string, number>;
  /** Of each ConfigMap: when it was made. */
  readonly made: ReadonlyMap<string, number>;
}

/** Watches as any client does. The same for both operators. */
export interface Witness extends Times {
  /** Waits until this many profiles are Ready for the generation they have. */
  readonly whenReady: (profiles: number, deadlineMs: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** `name` and generation, since each edit is a thing of its own. */
export const timeKey = (name: string, generation: number): string => `${name} ${generation}`;

export async function startWitness(server: Server): Promise<Witness> {
  const applied = new Map<string, number>();
  const ready = new Map<string, number>();
  const made = new Map<string, number>();
  const note = (times: Map<string, number>, key: string) => {
    if (!times.has(key)) times.set(key, performance.now());
  };
  const profiles = createReflector({
    transport: server.transport,
    kind: 'PerformanceProfile',
    namespaces: [NAMESPACE],
    project: progressOf,
    onChange: ({ type, entry: { name, value } }) => {
      if (type === 'deleted' || value.generation !== value.observed) return;
      note(applied, timeKey(name, value.generation));
      if (value.ready) note(ready, timeKey(name, value.generation));
    },
  });
  const configs = createReflector({
    transport: server.transport,
    kind: 'ConfigMap',
    namespaces: [NAMESPACE],
    labelSelector: 'app.kubernetes.io/managed-by=pitcrew',
    project: () => undefined,
    onChange: ({ type, entry: { name } }: Change<undefined>) => {
      if (type === 'added') made.set(name, performance.now());
    },
  });
  for (const reflector of [profiles, configs]) reflector.start();
  await Promise.all([profiles.whenSynced(), configs.whenSynced()]);
  return {
    applied,
    ready,
    made,
    whenReady: async (count, deadlineMs) => {
      const isReady = ({ generation, observed, ready: is }: Progress) => is && generation === observed;
      await waitFor(
        `${count} profiles to be Ready`,
        async () => {
          const entries = profiles.list();
          const done = entries.filter(({ value }) => isReady(value)).length;
          if (done >= count) return true;
          throw new Error(
            `${done} are, one that is not: ${JSON.stringify(entries.find(({ value }) => !isReady(value)))}`,
          );
        },
        deadlineMs,
      );
    },
    stop: async () => {
      await Promise.all([profiles.stop(), configs.stop()]);
    },
  };
}

interface Progress {
  readonly generation: number;
  readonly observed: number;
  readonly ready: boolean;
  readonly message: string | undefined;
}

function progressOf(object: KubeObject): Progress {
  const { observedGeneration = 0, conditions = [] } = (object.status ?? {}) as Status;
  const condition = conditions.find(({ type }) => type === 'Ready');
  return {
    generation: object.metadata.generation ?? 0,
    observed: observedGeneration,
    ready: condition?.status === 'True',
    message: condition?.message,
  };
}
