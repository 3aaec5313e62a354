import { describe, expect, it } from 'vitest';
import { withNewerFields } from './newer-fields.ts';

const workload = (command: string[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'shop' },
  spec: {
    replicas: 2,
    template: {
      metadata: { labels: {} },
      spec: { containers: [{ name: 'a', lifecycle: { preStop: { exec: { command } } } }] },
    },
  },
});

describe('fields newer than the models', () => {
  it('let the kubelet wait before the stop signal, and leave the rest as it is', () => {
    const after = withNewerFields(workload(['sleep', '8']));
    expect(after.spec).toEqual({
      replicas: 2,
      template: {
        metadata: { labels: {} },
        spec: { containers: [{ name: 'a', lifecycle: { preStop: { sleep: { seconds: 8 } } } }] },
      },
    });
  });

  it('leave other commands and other objects alone', () => {
    const other = workload(['sh', '-c', 'sleep 8']);
    expect(withNewerFields(other)).toEqual(other);
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'shop', namespace: 'shop' },
      spec: { ports: [] },
    };
    expect(withNewerFields(service)).toBe(service);
  });
});
