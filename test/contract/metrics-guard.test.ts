import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readEndpoint } from '../../controller/cluster/config.ts';
import { createTransport, type Transport } from '../../controller/cluster/transport.ts';
import { createGuard } from '../../controller/metrics/guard.ts';
import { OPERATOR } from '../../deploy/names.ts';
import { waitFor } from '../support/kubectl.ts';
import { useApiServer } from './api-server.ts';

/** A real API server says whose a token is and what they may see; the operator asks with no right but system:auth-delegator. */
const server = useApiServer();
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
const ROLES = '/apis/rbac.authorization.k8s.io/v1/clusterroles';
const made: string[] = [];
let asOperator: Transport;

const accounts = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`;

async function tokenOf(namespace: string, name: string): Promise<string> {
  const path = `${accounts(namespace)}/${name}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const answer = await server.transport.request({ method: 'POST', path, body });
  return (answer.body as { status: { token: string } }).status.token;
}

const makeAccount = (name: string) => {
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
  return server.transport.request({ method: 'POST', path: accounts(server.namespace), body });
};

interface Role {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly subjects?: ReadonlyArray<{ readonly name: string; readonly namespace: string }>;
}

/** The roles of deploy/monitoring/access.yaml, for the accounts of this test. */
async function bindRoles(): Promise<void> {
  const text = readFileSync(new URL('../../deploy/monitoring/access.yaml', import.meta.url), 'utf8');
  const roles = parseAllDocuments(text).map((document) => document.toJS() as Role);
  for (const role of roles.filter(({ kind }) => kind.startsWith('ClusterRole'))) {
    const subjects = role.subjects?.map((subject) => ({ ...subject, namespace: server.namespace }));
    const path = role.kind === 'ClusterRole' ? ROLES : BINDINGS;
    const body = { ...role, ...(subjects && { subjects }) };
    await server.transport.request({ method: 'POST', path, body });
    made.push(`${path}/${role.metadata.name}`);
  }
}

beforeAll(async () => {
  for (const name of [OPERATOR, 'prometheus', 'somebody']) await makeAccount(name);
  await bindRoles();
  const admin = readEndpoint({ kubeconfig: server.real.kubeconfig });
  const token = await tokenOf(server.namespace, OPERATOR);
  // The certificate of the server from the administrator's configuration, the rights of the operator's account.
  const { ca } = (await admin.readCredentials(false)).tls;
  const credentials = { headers: { authorization: `Bearer ${token}` }, tls: { ca }, tlsFingerprint: '' };
  asOperator = createTransport({ endpoint: { ...admin, readCredentials: async () => credentials } });
});

afterAll(async () => {
  for (const path of made) await server.transport.request({ method: 'DELETE', path });
  await asOperator?.close();
});

describe('who asks for the metrics', () => {
  const ask = async (token: string) => createGuard(asOperator, () => performance.now())(`Bearer ${token}`);

  it('is let in where a role allows it', async () => {
    const token = await tokenOf(server.namespace, 'prometheus');
    await waitFor('the roles to count', async () => (await ask(token)) === undefined);
  });

  it('is refused by name without a role', async () => {
    expect(await ask(await tokenOf(server.namespace, 'somebody'))).toEqual({
      status: 403,
      why: `system:serviceaccount:${server.namespace}:somebody may not get /metrics`,
    });
  });

  it('is refused where nobody knows the token', async () => {
    expect(await ask('eyJhbGciOiJub25lIn0.e30.')).toEqual({ status: 401, why: 'the token is not known' });
  });
});
