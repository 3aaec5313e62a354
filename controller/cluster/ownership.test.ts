import { describe, expect, it } from 'vitest';
import { canonicalJson, ownershipHash } from './ownership.ts';
import type { ManagedFieldsEntry } from './port.ts';

const fieldsV1 = { 'f:data': { 'f:a': {}, 'f:b': {} }, 'f:metadata': { 'f:labels': { 'f:app': {} } } };
const ours: ManagedFieldsEntry = { manager: 'pitcrew', operation: 'Apply', apiVersion: 'v1', fieldsV1 };
const object = (...managedFields: ManagedFieldsEntry[]) => ({
  metadata: { name: 'a', uid: 'u', resourceVersion: '1', managedFields },
});

describe('ownershipHash', () => {
  const hash = ownershipHash(object(ours));

  it.each<[string, ManagedFieldsEntry[]]>([
    [
      'another order of keys',
      [{ ...ours, fieldsV1: { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:data': { 'f:b': {}, 'f:a': {} } } }],
    ],
    ['another time', [{ ...ours, time: '2026-01-01T00:00:00Z' }]],
    ['a foreign manager', [{ ...ours, manager: 'kubectl', fieldsV1: { 'f:data': {} } }, ours]],
    ['an update under our name', [{ ...ours, operation: 'Update', fieldsV1: { 'f:data': {} } }, ours]],
    ['our status', [{ ...ours, subresource: 'status', fieldsV1: { 'f:status': {} } }, ours]],
  ])('does not change for %s', (_what, entries) => {
    expect(ownershipHash(object(...entries))).toBe(hash);
  });

  it('changes when a field is no longer ours', () => {
    expect(ownershipHash(object({ ...ours, fieldsV1: { 'f:data': { 'f:a': {} } } }))).not.toBe(hash);
  });

  it('is undefined when nothing is ours', () => {
    expect(ownershipHash(object())).toBeUndefined();
    expect(ownershipHash({ metadata: { name: 'a', uid: 'u', resourceVersion: '1' } })).toBeUndefined();
    expect(ownershipHash(object({ ...ours, subresource: 'status' }))).toBeUndefined();
  });
});

describe('canonicalJson', () => {
  it('sorts keys at every depth and leaves arrays alone', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 3], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1},3]}');
  });
});
