import { readFileSync, statSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';

/** PEM files of a certificate and its key. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * A server that takes over renewed files with the next connection: nothing watches them while nobody asks. Files that are
 * renewed only half, or cannot be read, change nothing: the certificate before them is still the better answer.
 * Throws when they cannot be read at the start.
 */
export function createTlsServer(files: TlsFiles, listener: RequestListener): Server {
  const server = createServer({ ...read(files), minVersion: 'TLSv1.2' }, listener);
  let version = versionOf(files);
  // Before the server's own listener, which begins the handshake.
  server.prependListener('connection', () => {
    try {
      const current = versionOf(files);
      if (current === version) return;
      server.setSecureContext({ ...read(files), minVersion: 'TLSv1.2' });
      version = current;
    } catch {
      // Asked again with the next connection.
    }
  });
  return server;
}

const read = ({ certFile, keyFile }: TlsFiles) => ({ cert: readFileSync(certFile), key: readFileSync(keyFile) });

const versionOf = ({ certFile, keyFile }: TlsFiles): string =>
  [certFile, keyFile].map((file) => statSync(file).mtimeMs).join(' ');
