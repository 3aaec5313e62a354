import fc from 'fast-check';
import { classify } from '../../controller/cluster/classify.ts';
import { createCluster } from '../../controller/cluster/client.ts';
import { readEndpoint } from '../../controller/cluster/config.ts';
import type { Cluster, WritableObject } from '../../controller/cluster/port.ts';
import { createTransport } from '../../controller/cluster/transport.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';
import { parseProfile } from '../../crds/performance-profile.ts';
import { validProfile } from '../support/arbitrary.ts';
import type { Rendered } from './rendered.ts';

/** Whether the API server takes what is rendered, and whether it refuses the same profiles as our own parser. */
const AT_ONCE = 16;

async function withCluster<T>(kubeconfig: string, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const transport = createTransport({ endpoint: readEndpoint({ kubeconfig }) });
  try {
    return await work(createCluster({ transport }));
  } finally {
    await transport.close();
  }
}

/** Applies each distinct object with dryRun=All and strict validation; the refusals by kind, name and message. */
export async function askForObjects(kubeconfig: string, rendered: readonly Rendered[]): Promise<string[]> {
  const distinct = new Map(
    rendered.flatMap(({ objects }) => objects.map((object) => [JSON.stringify(object), object] as const)),
  );
  return withCluster(kubeconfig, async (cluster) => {
    const verdicts = await inBatches([...distinct.values()], (object) =>
      refusalOf(() => cluster.apply(object as WritableObject, { dryRun: true })),
    );
    return verdicts.flatMap(({ input, refusal }) =>
      refusal === undefined ? [] : [`${input.kind}/${input.metadata.name}: ${refusal}`],
    );
  });
}

/** Profiles on which our parser and the API server disagree. */
export async function disagreements(kubeconfig: string, raws: readonly unknown[]): Promise<string[]> {
  return withCluster(kubeconfig, async (cluster) => {
    const verdicts = await inBatches(raws, (raw) =>
      refusalOf(() => cluster.create(raw as WritableObject, { dryRun: true })),
    );
    return verdicts.flatMap(({ input, refusal }) => {
      const parsed = parseProfile(input);
      const ours =
        'issues' in parsed ? parsed.issues.map((issue) => `${issue.path}: ${issue.message}`).join('; ') : undefined;
      if ((ours === undefined) === (refusal === undefined)) return [];
      return [
        `ours: ${ours ?? 'accepted'} | the server's: ${refusal ?? 'accepted'} | ${JSON.stringify((input as { spec: unknown }).spec)}`,
      ];
    });
  });
}

async function refusalOf(ask: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await ask();
    return undefined;
  } catch (error) {
    const failure = classify(error);
    if (failure.kind !== 'Rejected') throw error;
    return failure.message;
  }
}

async function inBatches<T>(
  inputs: readonly T[],
  ask: (input: T) => Promise<string | undefined>,
): Promise<Array<{ input: T; refusal: string | undefined }>> {
  const out: Array<{ input: T; refusal: string | undefined }> = [];
  for (let from = 0; from < inputs.length; from += AT_ONCE) {
    const batch = inputs.slice(from, from + AT_ONCE);
    out.push(...(await Promise.all(batch.map(async (input) => ({ input, refusal: await ask(input) })))));
  }
  return out;
}

/** Random profiles with one thing in them changed to something else: most are invalid, some are not. */
export function mutatedProfiles(count: number, seed: number): unknown[] {
  const value = fc.oneof(
    fc.integer({ min: -5, max: 3_000_000_000 }),
    fc.string({ maxLength: 12 }),
    fc.boolean(),
    fc.constantFrom(
      '5m',
      '',
      'a\nb',
      '0',
      '1Gi',
      '1Mi',
      '4MB',
      '1kB',
      '99999999TB',
      '-1',
      '1.5',
      '"; }',
      '/a/../b',
      'None',
      '300.1.1.1/8',
      '::/0',
    ),
    fc.constant([]),
    fc.constant({}),
    fc.constant(['x', 'x']),
  );
  const mutation = fc.record({ profile: validProfile, pick: fc.nat(), value, drop: fc.boolean() });
  return fc.sample(mutation, { numRuns: count, seed }).map(({ profile, pick, value: next, drop }, index) => {
    const spec = structuredClone(profile.spec) as unknown as Record<string, unknown>;
    const places = placesOf(spec);
    const place = places[pick % places.length];
    if (place !== undefined) {
      if (drop) delete place.parent[place.key];
      else place.parent[place.key] = next;
    }
    return { apiVersion: API_VERSION, kind: KIND, metadata: { name: `p${index}`, namespace: 'shop' }, spec };
  });
}

interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

/** Every field of objects in a value, at any depth. */
function placesOf(node: unknown): Place[] {
  if (node === null || typeof node !== 'object') return [];
  const parent = node as Record<string, unknown>;
  const own = Array.isArray(node) ? [] : Object.keys(parent).map((key) => ({ parent, key }));
  return [...own, ...Object.values(parent).flatMap(placesOf)];
}
