import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readEndpoint } from '../../controller/cluster/config.ts';
import { createTransport, type Transport } from '../../controller/cluster/transport.ts';
import { waitFor } from '../support/kubectl.ts';
import { useApiServer } from './api-server.ts';

/** A token in a file that is renewed in place, as the kubelet does it, on a real API server. */
const server = useApiServer();
const folder = mkdtempSync(join(tmpdir(), 'credentials-'));
const tokenFile = join(folder, 'token');
const transports: Transport[] = [];
const review = {
  method: 'POST',
  path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  repeatable: true,
} as const;

/** A token that the server takes only as long as this Secret is there. */
async function tokenBoundTo(secret: string): Promise<string> {
  const { namespace } = server;
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret, namespace } };
  const { object } = await server.cluster.create(body);
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default/token`;
  const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secret, uid: object.metadata.uid };
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } };
  const answer = await waitFor('the service account', () =>
    server.transport.request({ method: 'POST', path, body: request }),
  );
  return (answer.body as { status: { token: string } }).status.token;
}

async function connect(user: object): Promise<Transport> {
  const admin = readEndpoint({ kubeconfig: server.real.kubeconfig });
  const { tls } = await admin.readCredentials(false);
  const authority = Buffer.from(tls.ca ?? '').toString('base64');
  const kubeconfig = join(folder, `kubeconfig-${transports.length}`);
  const file = {
    clusters: [{ name: 'a', cluster: { server: admin.server, 'certificate-authority-data': authority } }],
    users: [{ name: 'a', user }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    'current-context': 'a',
  };
  writeFileSync(kubeconfig, JSON.stringify(file));
  const transport = createTransport({ endpoint: readEndpoint({ kubeconfig }) });
  transports.push(transport);
  return transport;
}

beforeAll(async () => {
  writeFileSync(tokenFile, `${await tokenBoundTo('first')}\n`);
});
afterAll(async () => {
  for (const transport of transports) await transport.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a token that is renewed in place', () => {
  it('is read again as soon as the server will not have the one before', async () => {
    // As a pod's service account is read.
    const transport = await connect({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } });
    await transport.request(review);
    const witness = await connect({ token: readFileSync(tokenFile, 'utf8').trim() });
    writeFileSync(tokenFile, `${await tokenBoundTo('second')}\n`);
    const first = await server.cluster.get('Secret', { namespace: server.namespace, name: 'first' });
    if (first === undefined) throw new Error('the Secret is not there');
    await server.cluster.delete('Secret', first.metadata, { uid: first.metadata.uid });
    await waitFor('the first token to be refused', async () => {
      const error = await witness.request(review).catch((thrown: unknown) => thrown);
      return (error as { status?: number }).status === 401 || undefined;
    });
    const { body } = await transport.request(review);
    expect(body).toMatchObject({
      status: { userInfo: { username: `system:serviceaccount:${server.namespace}:default` } },
    });
  });
});
