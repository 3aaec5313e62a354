import { request } from 'undici';
import { EDGE_ERROR_PATH, EDGE_PROOF_PATH, EDGE_STATUS_PORT } from '../../charts/kit/names.ts';
import { type Proof, reasonOf, unreachable } from './proof.ts';

/** Where an edge pod answers. */
export interface EdgeAddress {
  readonly ip: string;
  /** Default: the status port. */
  readonly port?: number | undefined;
}

const DEADLINE_MS = 1_500;
/** An error text is a few lines; whoever sends more is not nginx, and must not fill our memory. */
const MAX_BYTES = 16_384;
const MAX_CHARACTERS = 2_000;

/**
 * Asks nginx for the hash of the configuration that its workers run, and for the error of the last one it refused.
 * Always for both: a certificate that it will not have changes no hash.
 */
export async function probeEdge(address: EdgeAddress, signal: AbortSignal): Promise<Proof> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  try {
    const loaded = await readText(address, EDGE_PROOF_PATH, deadline);
    const refusal = await readText(address, EDGE_ERROR_PATH, deadline);
    return { loaded, refusal, pendingRestart: [], unreachable: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return unreachable(reasonOf(error));
  }
}

/** The trimmed body of a page, or undefined where there is none or nothing on it. */
async function readText(address: EdgeAddress, path: string, signal: AbortSignal): Promise<string | undefined> {
  const host = address.ip.includes(':') ? `[${address.ip}]` : address.ip;
  const answer = await request(`http://${host}:${address.port ?? EDGE_STATUS_PORT}${path}`, {
    signal,
    headersTimeout: DEADLINE_MS,
    bodyTimeout: DEADLINE_MS,
    // A pod is asked rarely: a connection that is kept would only hold nginx from stopping.
    reset: true,
  });
  const text = (await readHead(answer.body)).trim().slice(0, MAX_CHARACTERS);
  return answer.statusCode === 200 && text !== '' ? text : undefined;
}

/** The beginning of a body. Leaving the loop destroys the stream and with it the connection. */
async function readHead(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BYTES).toString('utf8');
}
