import { describe, expect, it } from 'vitest';
import { classify, type Failure } from '../../controller/cluster/classify.ts';
import { type KubeLike, useApiServer } from './api-server.ts';

const server = useApiServer();

const configMap = (name: string, data: Record<string, string> = { a: '1' }): KubeLike => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: server.namespace },
  data,
});
const refOf = (object: KubeLike) => object.metadata;

/** How a call fails; a call that does not fail fails the test. */
async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => {
      throw new Error('the call succeeded');
    },
    (thrown: unknown) => thrown,
  );
  return classify(error);
}

describe('apply', () => {
  it('creates, and changes nothing the second time', async () => {
    const first = await server.cluster.apply(configMap('twice'));
    const second = await server.cluster.apply(configMap('twice'));
    expect(first.object.metadata).toMatchObject({
      uid: expect.any(String),
      managedFields: [{ manager: 'pitcrew', operation: 'Apply' }],
    });
    expect(second.object.metadata.resourceVersion).toBe(first.object.metadata.resourceVersion);
    expect(second.warnings).toEqual([]);
  });

  it('drops what it applied before and does not apply any more', async () => {
    await server.cluster.apply(configMap('drops', { a: '1', b: '2' }));
    const { object } = await server.cluster.apply(configMap('drops', { a: '1' }));
    expect(object.data).toEqual({ a: '1' });
  });

  it.each(['ConfigMap', 'Service', 'Deployment'] as const)(
    'makes a %s only where none is, and leaves alone what is there',
    async (kind) => {
      const selector = { app: 'only-once' };
      const template = { metadata: { labels: selector }, spec: { containers: [{ name: 'a', image: 'a' }] } };
      const object = {
        ConfigMap: configMap('only-once'),
        Service: { ...configMap('only-once'), kind, data: undefined, spec: { selector, ports: [{ port: 80 }] } },
        Deployment: {
          ...configMap('only-once'),
          apiVersion: 'apps/v1',
          kind,
          data: undefined,
          spec: { selector: { matchLabels: selector }, template },
        },
      }[kind] as KubeLike;
      const made = await server.cluster.apply(object, { onlyIfAbsent: true });
      expect(made.object.metadata.managedFields).toMatchObject([{ manager: 'pitcrew', operation: 'Apply' }]);
      const again = { ...object, metadata: { ...object.metadata, labels: { mine: 'now' } } };
      const failure = await failureOf(server.cluster.apply(again, { onlyIfAbsent: true }));
      expect(failure.kind).toBe('Stale');
      expect((await server.cluster.get(kind, refOf(object)))?.metadata.labels).toBeUndefined();
    },
  );

  it('takes a field that another manager holds, or says who holds it', async () => {
    await server.cluster.apply(configMap('held'), { fieldManager: 'somebody' });
    const failure = await failureOf(server.cluster.apply(configMap('held', { a: '2' }), { force: false }));
    expect(failure).toMatchObject({
      kind: 'FieldConflict',
      causes: [{ field: '.data.a', manager: 'somebody' }],
    });
    const { object } = await server.cluster.apply(configMap('held', { a: '2' }));
    expect(object.data).toEqual({ a: '2' });
  });

  it('refuses a field that the kind does not have', async () => {
    const misspelt = { ...configMap('misspelt'), dota: { a: '1' } };
    const failure = await failureOf(server.cluster.apply(misspelt));
    expect(failure).toMatchObject({ kind: 'Rejected', message: expect.stringContaining('dota') });
    expect(await server.cluster.get('ConfigMap', refOf(misspelt))).toBeUndefined();
  });

  it('names the field of an invalid value', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'invalid', namespace: server.namespace },
      spec: { ports: [{ port: 99_999 }], selector: { app: 'x' } },
    };
    const failure = await failureOf(server.cluster.apply(service));
    expect(failure).toMatchObject({
      kind: 'Rejected',
      causes: expect.arrayContaining([expect.objectContaining({ field: 'spec.ports[0].port' })]),
    });
  });

  it('never repeats what stood in a Secret', async () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'leaky', namespace: server.namespace },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': 'hunter2-is-no-base64!' },
    };
    const failure = await failureOf(server.cluster.apply(secret));
    expect(failure.kind).toBe('Rejected');
    expect(JSON.stringify({ ...failure, cause: undefined })).not.toContain('hunter2');
  });

  it('stores nothing when dry', async () => {
    const { object } = await server.cluster.apply(configMap('dry'), { dryRun: true });
    expect(object.metadata.uid).toEqual(expect.any(String));
    expect(await server.cluster.get('ConfigMap', { namespace: server.namespace, name: 'dry' })).toBeUndefined();
  });

  it('hands on what the server warns of', async () => {
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        name: 'warned',
        namespace: server.namespace,
        annotations: { 'kubernetes.io/ingress.class': 'nginx' },
      },
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    };
    const { warnings } = await server.cluster.apply(ingress, { dryRun: true });
    expect(warnings).toEqual([expect.stringContaining('kubernetes.io/ingress.class')]);
  });

  it('keeps a NetworkPolicy that allows one from becoming one that allows all', async () => {
    const spec = {
      podSelector: { matchLabels: { app: 'db' } },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: { matchLabels: { app: 'backend' } } }], ports: [{ port: 5432, protocol: 'TCP' }] },
      ],
    };
    const metadata = { name: 'db', namespace: server.namespace };
    await server.cluster.apply({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata,
      spec,
    } as KubeLike);
    const stored = await server.cluster.get('NetworkPolicy', metadata);
    expect(stored?.spec).toEqual(spec);
  });

  it('writes a status without touching the rest, and not again when it is the same', async () => {
    const metadata = { name: 'web', namespace: server.namespace };
    const ingress = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    };
    const status = { ...ingress, spec: undefined, status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } };
    const created = await server.cluster.apply(ingress);
    const first = await server.cluster.apply(status, { subresource: 'status' });
    const second = await server.cluster.apply(status, { subresource: 'status' });
    expect(first.object.status).toEqual(status.status);
    expect(first.object.spec).toEqual(created.object.spec);
    expect(second.object.metadata.resourceVersion).toBe(first.object.metadata.resourceVersion);
  });

  it('finds no object to write a status to', async () => {
    const metadata = { name: 'absent', namespace: server.namespace };
    const status = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, status: {} };
    expect((await failureOf(server.cluster.apply(status, { subresource: 'status' }))).kind).toBe('Gone');
  });
});

describe('create', () => {
  it('never takes over what is there', async () => {
    await server.cluster.create(configMap('once'));
    expect((await failureOf(server.cluster.create(configMap('once')))).kind).toBe('Stale');
  });

  it('is rejected where there is no namespace', async () => {
    const lost = { ...configMap('lost'), metadata: { name: 'lost', namespace: 'no-such-namespace' } };
    expect((await failureOf(server.cluster.create(lost))).kind).toBe('Rejected');
    expect((await failureOf(server.cluster.apply(lost))).kind).toBe('Rejected');
  });
});

describe('patch', () => {
  it('changes an annotation of this very object', async () => {
    const { object } = await server.cluster.apply(configMap('patched'));
    const ref = refOf(configMap('patched'));
    const { uid } = object.metadata;
    const patched = await server.cluster.patch('ConfigMap', ref, { metadata: { uid, annotations: { seen: 'yes' } } });
    expect(patched.object.metadata.annotations).toEqual({ seen: 'yes' });
    const cleared = await server.cluster.patch('ConfigMap', ref, { metadata: { annotations: { seen: null } } });
    expect(cleared.object.metadata.annotations).toBeUndefined();
  });

  it('leaves a namesake alone', async () => {
    await server.cluster.apply(configMap('namesake'));
    const patch = { metadata: { uid: '00000000-0000-0000-0000-000000000000', annotations: { seen: 'yes' } } };
    expect((await failureOf(server.cluster.patch('ConfigMap', refOf(configMap('namesake')), patch))).kind).toBe(
      'Stale',
    );
  });

  it('finds nothing to patch', async () => {
    const ref = { namespace: server.namespace, name: 'absent' };
    expect((await failureOf(server.cluster.patch('ConfigMap', ref, { metadata: { annotations: {} } }))).kind).toBe(
      'Gone',
    );
  });
});

describe('delete', () => {
  it('deletes one object, never a namesake, and takes absence for success', async () => {
    const { object } = await server.cluster.apply(configMap('deleted'));
    const ref = refOf(configMap('deleted'));
    const namesake = server.cluster.delete('ConfigMap', ref, { uid: '00000000-0000-0000-0000-000000000000' });
    expect((await failureOf(namesake)).kind).toBe('Stale');
    expect(await server.cluster.get('ConfigMap', ref)).toMatchObject({ metadata: { uid: object.metadata.uid } });
    expect(await server.cluster.delete('ConfigMap', ref, { uid: object.metadata.uid })).toBe('deleted');
    expect(await server.cluster.delete('ConfigMap', ref, { uid: object.metadata.uid })).toBe('absent');
  });
});
