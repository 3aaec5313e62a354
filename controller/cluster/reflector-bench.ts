import { createFakeClock, settle } from '../loop/fake-clock.ts';
import type { KubeObject } from './port.ts';
import { createReflector, type ReflectorObserver, type ReflectorOptions } from './reflector.ts';
import { scriptedTransport } from './scripted-transport.ts';
import type { Change } from './store.ts';

/** What an error was the answer to. */
export const asked = { method: 'GET', path: '/' };

export const object = (name: string, resourceVersion: string, uid = `uid-${name}`): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', uid, resourceVersion },
});

/** A reflector of ConfigMaps before a scripted server, on a clock that stands still. */
export function bench(options: Partial<ReflectorOptions<string>> = {}) {
  const server = scriptedTransport();
  const clock = createFakeClock();
  const changes: Change<string>[] = [];
  const counts = { stalled: 0, tooOld: 0, missed: 0, handlerFailed: 0, interrupted: 0 };
  const count = (name: keyof typeof counts) => () => {
    counts[name] += 1;
  };
  const observer: ReflectorObserver = {
    stalled: count('stalled'),
    tooOld: count('tooOld'),
    missed: count('missed'),
    handlerFailed: count('handlerFailed'),
    interrupted: count('interrupted'),
  };
  const reflector = createReflector<string>({
    transport: server.transport,
    kind: 'ConfigMap',
    project: ({ kind, metadata }) => `${kind} ${metadata.name}#${metadata.resourceVersion}`,
    onChange: (change) => changes.push(change),
    clock,
    random: () => 0,
    observer,
    ...options,
  });
  const told = () => changes.splice(0).map(({ type, entry }) => `${type} ${entry.name}#${entry.resourceVersion}`);
  const last = () => {
    const watch = server.watches.at(-1);
    if (watch === undefined) throw new Error('no watch is open');
    return watch;
  };
  return { ...server, clock, reflector, counts, told, last };
}

/** The same, synced. */
export async function started(options: Partial<ReflectorOptions<string>> = {}, objects = [object('a', '90')]) {
  const it = bench(options);
  it.served.objects = objects;
  it.reflector.start();
  await settle();
  it.told();
  return it;
}
