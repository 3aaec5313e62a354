import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type AuditEvent, answeredIn } from '../../support/audit.ts';
import { waitFor } from '../../support/kubectl.ts';

/** One request of somebody, as the API server notes it. */
export interface Request {
  readonly verb: string;
  /** `pods`, `performanceprofiles/status`; a path where no resource was asked for. */
  readonly what: string;
  readonly code: number;
  /** When it came in, in milliseconds since 1970. */
  readonly atMs: number;
}

const WRITES = new Set(['create', 'update', 'patch', 'delete']);
/** Questions about one's own rights are posted and change nothing. */
export const isWrite = ({ verb, what }: Request): boolean => WRITES.has(verb) && what !== 'selfsubjectaccessreviews';

/** Follows the audit log. Watches are left out: they are noted when they end. */
export class Audit {
  readonly #file: number;
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** What has been noted since the last call, of one user. */
  take(user: string): Request[] {
    const size = fstatSync(this.#file).size;
    const bytes = Buffer.alloc(size - this.#offset);
    readSync(this.#file, bytes, 0, bytes.length, this.#offset);
    this.#offset = size;
    const lines = (this.#rest + bytes.toString('utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    return answeredIn(lines, user)
      .filter(({ verb }) => verb !== 'watch')
      .map(requestOf);
  }

  /** All of one user until it has asked nothing for so long. */
  async takeUntilRest(user: string, restMs = 1_500, deadlineMs = 120_000): Promise<Request[]> {
    const all: Request[] = [];
    let quietSinceMs = Date.now();
    await waitFor(
      `${user} to come to rest`,
      async () => {
        const some = this.take(user);
        if (some.length > 0) quietSinceMs = Date.now();
        all.push(...some);
        if (Date.now() - quietSinceMs >= restMs) return true;
        throw new Error(JSON.stringify(tallied(some)));
      },
      deadlineMs,
    );
    return all;
  }

  close(): void {
    closeSync(this.#file);
  }
}

function requestOf({ verb, requestURI, objectRef, responseStatus, requestReceivedTimestamp }: AuditEvent): Request {
  const { resource, subresource } = objectRef ?? {};
  const what = resource === undefined ? requestURI : [resource, subresource].filter(Boolean).join('/');
  return { verb, what, code: responseStatus?.code ?? 0, atMs: Date.parse(requestReceivedTimestamp) };
}

/** How many there were of each kind, `patch services` by number, the commonest first. */
export function tallied(requests: readonly Request[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { verb, what, code } of requests) {
    const name = `${verb} ${what}${code >= 400 ? ` (${code})` : ''}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort((one, other) => other[1] - one[1]));
}
