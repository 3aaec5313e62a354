import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../controller/cluster/port.ts';
import { customResourceDefinition } from '../../crds/crd.ts';
import type { Status } from '../../crds/status.ts';
import type { Manifest } from '../../deploy/manifest.ts';
import { validProfile } from '../support/arbitrary.ts';
import { waitFor } from '../support/kubectl.ts';
import { install, useOperatorStage } from './operator-stage.ts';

/** What is stored stays as it is: the operator writes the status of a profile, and nothing else of it. */
const stage = useOperatorStage();

// Suspended: the profiles themselves are looked at here, no stacks.
const SPECS = fc
  .sample(validProfile, { numRuns: 40, seed: 20_261_126 })
  .map(({ spec }): object => ({ ...spec, suspend: true }));
const named = SPECS.map((spec, index) => ({ name: `random${index}`, spec }));

beforeAll(async () => {
  await stage.start();
});

async function observed(name: string): Promise<KubeObject> {
  return waitFor(`${name} to be observed`, async () => {
    const profile = await stage.get('PerformanceProfile', name);
    const { observedGeneration } = (profile?.status ?? {}) as Status;
    return profile !== undefined && observedGeneration === profile.metadata.generation && profile;
  });
}

/** Who wrote which part of it by which operation. */
const writersOf = ({ metadata }: KubeObject) =>
  metadata.managedFields?.map(
    ({ manager, operation, subresource = 'all' }) => `${manager} ${operation} ${subresource}`,
  );

describe('a profile of any content', () => {
  it('has every field after the operator has written', async () => {
    for (const { name, spec } of named) await stage.apply(spec, name);
    for (const { name, spec } of named) {
      const profile = await observed(name);
      expect(profile.spec).toEqual(spec);
      expect(profile.metadata.generation).toBe(1);
      expect(writersOf(profile)?.sort()).toEqual(['pitcrew-status Apply status', 'user Apply all']);
    }
  });

  it('is no other one when it is applied again as it was read', async () => {
    for (const { name } of named) {
      const { spec, metadata } = await observed(name);
      const again = await stage.apply(spec as object, name);
      expect(again.metadata.resourceVersion).toBe(metadata.resourceVersion);
    }
  });
});

/** The resource as a later version may have it: one field more. */
function withLaterField(): Manifest {
  const definition = JSON.stringify(customResourceDefinition());
  const later = definition.replace('"edge":{"type":"object","properties":{', '$&"fromLater":{"type":"string"},');
  expect(later).not.toBe(definition);
  return JSON.parse(later) as Manifest;
}

describe('a field of a later version', () => {
  afterAll(() => install(stage.server, customResourceDefinition() as unknown as Manifest));

  it('is told of, and stays', async () => {
    await install(stage.server, withLaterField());
    const spec = {
      edge: { hosts: ['shop.example'], fromLater: 'kept' },
      backend: { image: 'shop/backend:1' },
      postgres: { storage: { size: '1Gi' } },
    };
    // A moment after the schema was taken, the API server may still prune by the one before, for watches too.
    await waitFor('the field to be known', async () => {
      await stage.apply(spec, 'earlier');
      const { edge } = (await observed('earlier')).spec as typeof spec;
      return edge.fromLater === 'kept';
    });
    await stage.apply(spec, 'later');
    const { message } = await stage.waitCondition('Valid', { status: 'False', reason: 'InvalidSpec' }, 'later');
    expect(message).toContain('fromLater');
    expect((await observed('later')).spec).toEqual(spec);
  });
});
