import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../test/support/certificate.ts';
import { readEndpoint } from './config.ts';
import { createTransport, type Transport } from './transport.ts';

/** Files of a kubeconfig that are renewed in place, against a server that asks for certificates. */
const folder = mkdtempSync(join(tmpdir(), 'rotation-'));
const file = (name: string) => join(folder, name);
let server: Server | undefined;
let transport: Transport | undefined;
afterEach(async () => {
  await transport?.close();
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Identity {
  readonly certificate: string;
  readonly key: string;
}
const identity = (name: string): Identity => selfSignedCertificate([name]);
const writeClient = ({ certificate, key }: Identity) => {
  writeFileSync(file('client.crt'), certificate);
  writeFileSync(file('client.key'), key);
};
const contextOf = (own: Identity, client: Identity) => ({
  cert: own.certificate,
  key: own.key,
  ca: client.certificate,
  requestCert: true,
  rejectUnauthorized: true,
});

const get = { method: 'GET', path: '/version' } as const;

describe('certificates that are renewed in place', () => {
  it('are taken for new connections within a minute: those of the client, and the CA', async () => {
    const [before, after] = [identity('localhost'), identity('localhost')];
    const [one, two] = [identity('one'), identity('two')];
    server = createServer(contextOf(before, one), (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate();
      response.end(JSON.stringify({ client: subject.CN }));
    });
    await new Promise<void>((resolve) => server?.listen(0, 'localhost', resolve));
    const { port } = server.address() as AddressInfo;
    writeFileSync(file('ca.crt'), before.certificate);
    writeClient(one);
    const user = { 'client-certificate': file('client.crt'), 'client-key': file('client.key') };
    const cluster = { server: `https://localhost:${port}`, 'certificate-authority': file('ca.crt') };
    const kubeconfig = {
      clusters: [{ name: 'a', cluster }],
      users: [{ name: 'a', user }],
      contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
      'current-context': 'a',
    };
    writeFileSync(file('kubeconfig'), JSON.stringify(kubeconfig));
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, after: () => () => undefined };
    transport = createTransport({ endpoint: readEndpoint({ kubeconfig: file('kubeconfig') }), clock });
    expect((await transport.request(get)).body).toEqual({ client: 'one' });

    server.setSecureContext(contextOf(after, two));
    writeFileSync(file('ca.crt'), after.certificate);
    writeClient(two);
    // A connection that is open stays good.
    expect((await transport.request(get)).body).toEqual({ client: 'one' });
    nowMs += 60_000;
    expect((await transport.request(get)).body).toEqual({ client: 'two' });
    // Without the new files nobody would get in.
    server.closeAllConnections();
    writeFileSync(file('ca.crt'), before.certificate);
    nowMs += 60_000;
    await expect(transport.request(get)).rejects.toMatchObject({ name: 'ConnectionError' });
  });
});
