import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { stamp } from './desired.ts';
import { OWNER, SYNTHESIS } from './fixtures.ts';
import { packed, type Rendering, recordOf, unpacked } from './rendering.ts';
import { updateBetween, updateFinding } from './rendering-update.ts';

const RECORD = recordOf(SYNTHESIS);

describe('the record of a rendering', () => {
  it('brings back what was rendered, to the hash of each object', () => {
    const back = unpacked(packed(RECORD.text), RECORD.digest, OWNER) as Rendering;
    const hashes = ({ objects }: Rendering) => objects.map((placed) => stamp(placed, OWNER, 'uid.7').desired);
    expect(hashes(back)).toEqual(hashes(SYNTHESIS));
    expect(back.configHashes).toEqual(SYNTHESIS.configHashes);
    expect(back.requires).toEqual(SYNTHESIS.requires);
    expect(recordOf(back)).toEqual(RECORD);
  });

  it('stays small beside what a status holds', () => {
    expect(packed(RECORD.text).length).toBeLessThan(32 * 1024);
  });

  const recorded = (objects: Rendering['objects']) => {
    const text = JSON.stringify({ objects, configHashes: {}, requires: [] });
    return [packed(text), createHash('sha256').update(text).digest('hex')] as const;
  };
  const [{ object, stage }] = SYNTHESIS.objects as [Rendering['objects'][number]];

  it('is of this namespace and of kinds that we apply, whatever its digest', () => {
    expect(unpacked(...recorded([{ object, stage }]), OWNER)).toBeDefined();
    const elsewhere = { ...object, metadata: { ...object.metadata, namespace: 'kube-system' } };
    expect(unpacked(...recorded([{ object: elsewhere, stage }]), OWNER)).toBeUndefined();
    expect(unpacked(...recorded([{ object: { ...object, kind: 'RoleBinding' }, stage }]), OWNER)).toBeUndefined();
  });

  it('is not unpacked beyond any rendering', () => {
    const text = JSON.stringify({ objects: [], pad: 'x'.repeat(8 * 1024 * 1024) });
    expect(unpacked(packed(text), createHash('sha256').update(text).digest('hex'), OWNER)).toBeUndefined();
  });
});

describe('the hash by which an object is known to have been sent', () => {
  it('is the same in every version: another one would send every object of every profile again', () => {
    const metadata = { name: 'a', namespace: 'web', labels: { 'performance.bahamm.ir/tier': 'backend' } };
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template: {}, b: [1], a: 'x' } };
    expect(stamp({ object, stage: 'serving' }, OWNER, 'uid.7').desired).toBe('2494c4ab52aa7b99');
  });
});

describe('what an update comes to', () => {
  const change = (ref: string, by: (object: Rendering['objects'][number]['object']) => object): Rendering => ({
    ...SYNTHESIS,
    objects: SYNTHESIS.objects.map(({ stage, object }) => ({
      stage,
      object: `${object.kind}/${object.metadata.name}` === ref ? (by(object) as typeof object) : object,
    })),
  });
  const update = (offered: Rendering) => updateBetween(SYNTHESIS, offered);

  it('is nothing where only the order of keys is another', () => {
    const turned = change('Service/shop-edge', (object) => Object.fromEntries(Object.entries(object).reverse()));
    expect(update(turned)).toEqual({ objects: [], replaced: [] });
  });

  it('names what changes, comes and goes', () => {
    const offered = change('ConfigMap/shop-edge-config', (object) => ({ ...object, data: {} }));
    const gone = {
      ...offered,
      objects: offered.objects.filter(({ object }) => object.metadata.name !== 'shop-frontend'),
    };
    expect(update(gone).objects).toEqual(
      expect.arrayContaining(['ConfigMap/shop-edge-config', 'Deployment/shop-frontend', 'Service/shop-frontend']),
    );
    expect(update(gone).replaced).toEqual(['frontend']);
  });

  it('replaces pods only where their template changes', () => {
    const scaled = change('Deployment/shop-edge', (object) => ({
      ...object,
      spec: { ...(object.spec as object), replicas: 7 },
    }));
    expect(update(scaled)).toEqual({ objects: ['Deployment/shop-edge'], replaced: [] });
    const other = change('StatefulSet/shop-postgres', (object) => ({ ...object, spec: { template: {} } }));
    expect(update(other).replaced).toEqual(['postgres']);
    const job = SYNTHESIS.objects.find(({ object }) => object.kind === 'Job')?.object.metadata.name;
    expect(update(change(`Job/${job}`, (object) => ({ ...object, spec: { template: {} } }))).replaced).toEqual([]);
  });

  it('is told with the way to have it', () => {
    const objects = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const { message, fix } = updateFinding({ objects, replaced: [] }, '1.0.0', '1.1.0');
    expect(message).toContain('renders a, b, c, d, e and 2 more otherwise, and to take that over would replace no pod');
    expect(fix).toContain('set the annotation performance.bahamm.ir/adopt-rendering to "1.1.0"');
  });
});
