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
/** An error text is a few lines; whoever sends more is not nginx. */
const MAX_CHARACTERS = 2_000;

/** Asks nginx for the hash of the configuration that its workers run, and for the error of the last one it refused. */
export async function probeEdge(
  address: EdgeAddress,
  expected: string | undefined,
  signal: AbortSignal,
): Promise<Proof> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
  try {
    const loaded = await readText(address, EDGE_PROOF_PATH, deadline);
    const settled = loaded === expected;
    const refusal = settled ? undefined : await readText(address, EDGE_ERROR_PATH, deadline);
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
  const text = (await answer.body.text()).trim().slice(0, MAX_CHARACTERS);
  return answer.statusCode === 200 && text !== '' ? text : undefined;
}
