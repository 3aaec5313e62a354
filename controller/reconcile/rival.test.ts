import { describe, expect, it } from 'vitest';
import type { ManagedFieldsEntry } from '../cluster/port.ts';
import { rivalOf } from './rival.ts';

const desired = {
  metadata: { labels: { 'app.kubernetes.io/name': 'shop' } },
  spec: {
    replicas: 1,
    ports: [{ port: 80, name: 'http' }],
    template: { spec: { containers: [{ name: 'web', image: 'shop:1', args: ['a'] }] } },
  },
};
const OURS: ManagedFieldsEntry = {
  manager: 'pitcrew',
  operation: 'Apply',
  fieldsV1: { 'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { 'f:args': {} } } } } } },
};
const of = (manager: string, fieldsV1: object, more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  time: '2026-11-24T12:00:00Z',
  fieldsV1,
  ...more,
});
const seen = (...others: ManagedFieldsEntry[]) =>
  rivalOf({ metadata: { managedFields: [OURS, ...others] } as never }, desired);

describe('who holds what we want to set', () => {
  it.each<[string, object, string]>([
    ['a field', { 'f:spec': { 'f:replicas': {} } }, 'spec.replicas'],
    [
      'a field of an item',
      {
        'f:spec': {
          'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {} } } } },
        },
      },
      'spec.template.spec.containers[name=web].image',
    ],
    [
      'an item whose key we leave to its default',
      { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { 'f:name': {} } } } },
      'spec.ports[port=80,protocol=TCP].name',
    ],
    [
      'a label',
      { 'f:metadata': { 'f:labels': { 'f:app.kubernetes.io/name': {} } } },
      'metadata.labels[app.kubernetes.io/name]',
    ],
  ])('%s', (_what, fieldsV1, field) => {
    expect(seen(of('helm', fieldsV1))).toEqual({ manager: 'helm', field, more: 0 });
  });

  it('counts further fields, and leaves out what we do not set and what we hold too', () => {
    const containers = {
      'k:{"name":"web"}': { 'f:args': {}, 'f:image': {} },
      'k:{"name":"sidecar"}': { 'f:image': {} },
    };
    const fields = { 'f:paused': {}, 'f:replicas': {}, 'f:template': { 'f:spec': { 'f:containers': containers } } };
    expect(seen(of('helm', { 'f:spec': fields }))).toEqual({ manager: 'helm', field: 'spec.replicas', more: 1 });
  });

  it('is the one of them who came last, whatever came after in the status', () => {
    const fields = { 'f:spec': { 'f:replicas': {} } };
    const later = { time: '2026-11-24T12:00:09Z' };
    expect(seen(of('early', fields), of('late', fields, later))?.manager).toBe('late');
    expect(seen(of('early', fields), of('kcm', fields, { ...later, subresource: 'status' }))?.manager).toBe('early');
    expect(seen(of('hpa', fields, { subresource: 'scale' }))?.manager).toBe('hpa');
  });

  it('is the last other writer where a field was taken away, and nobody where there is none', () => {
    const note = { 'f:metadata': { 'f:annotations': { 'f:note': {} } } };
    expect(seen(of('kubectl-edit', note))).toEqual({ manager: 'kubectl-edit', field: undefined, more: 0 });
    expect(seen()).toBeUndefined();
  });
});
