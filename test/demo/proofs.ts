import type { Edge } from '../support/edge.ts';
import { backendPool, gunicornProcesses, postgresSettings } from '../support/inside.ts';
import { type Kubectl, waitFor } from '../support/kubectl.ts';

/** What the demo shows of the running stack. Each proof asks a process, returns what it saw, and throws when it is not so. */
export interface Playground {
  readonly kubectl: Kubectl;
  readonly edge: Edge;
  readonly namespace: string;
  readonly profile: string;
}

export function proofs(at: Playground): ReadonlyArray<() => Promise<string>> {
  return [
    () => pageAndApi(at),
    () => cache(at),
    () => immutableChunk(at),
    () => rateLimit(at),
    () => workers(at),
    () => pool(at),
    () => database(at),
  ];
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`demo: ${what}`);
}

async function pageAndApi({ edge }: Playground): Promise<string> {
  const page = await edge.ask('/');
  demand(page.status === 200 && page.body.includes('<html'), `the page answered ${page.status}`);
  const api = await edge.ask('/api/products');
  demand(api.status === 200, `the API answered ${api.status}`);
  return `  page      https://bahamm.ir/               ${page.status}, ${page.body.length} characters\n  API       https://bahamm.ir/api/products   ${api.status}, ${api.body.length} characters`;
}

async function cache({ edge }: Playground): Promise<string> {
  const path = `/api/products?page=2&demo=${Date.now()}`;
  const seen = [await edge.ask(path), await edge.ask(path)].map((answer) => String(answer.headers['x-cache-status']));
  const personal = await edge.ask(path, { headers: { authorization: 'Bearer token-alice' } });
  seen.push(String(personal.headers['x-cache-status']));
  demand(seen.join() === 'MISS,HIT,BYPASS', `X-Cache-Status was ${seen.join(', ')}`);
  return `  cache     X-Cache-Status: ${seen[0]}, then ${seen[1]}; with Authorization ${seen[2]}`;
}

async function immutableChunk({ edge }: Playground): Promise<string> {
  const page = await edge.ask('/');
  const [chunk] = /\/_next\/static\/[^"'\\ ]+\.js/.exec(page.body) ?? [];
  demand(chunk !== undefined, 'the page names no static chunk');
  const answer = await edge.ask(chunk ?? '');
  const policy = String(answer.headers['cache-control']);
  demand(answer.status === 200 && policy.includes('immutable'), `the chunk answered ${answer.status}, ${policy}`);
  return `  static    ${policy}`;
}

/** More requests at once than rate and burst let through: some must be refused, at once, and with 429. */
async function rateLimit({ edge }: Playground): Promise<string> {
  const answers = await Promise.all(Array.from({ length: 40 }, () => edge.ask('/api/products/1')));
  const refused = answers.filter((answer) => answer.status === 429).length;
  demand(refused > 0 && refused < answers.length, `of ${answers.length} requests ${refused} were refused`);
  return `  limit     40 requests at once: ${answers.length - refused} answered, ${refused} × 429`;
}

async function workers({ kubectl, namespace, profile }: Playground): Promise<string> {
  const processes = await waitFor('four workers', async () => {
    const found = await gunicornProcesses(kubectl, namespace, profile);
    return found.workers.length === 4 ? found : undefined;
  });
  return `  gunicorn  1 master, ${processes.workers.length} workers: ${processes.commandLine}`;
}

async function pool({ kubectl, namespace, profile }: Playground): Promise<string> {
  const asked = await backendPool(kubectl, namespace, profile);
  demand(asked.size === 10 && asked.max_overflow === 20, `the pool in the worker is ${JSON.stringify(asked)}`);
  return `  pool      in worker ${asked.pid}: size ${asked.size}, overflow ${asked.max_overflow}`;
}

async function database({ kubectl, namespace, profile }: Playground): Promise<string> {
  const settings = await postgresSettings(kubectl, namespace, profile);
  return Object.entries(settings)
    .map(([name, value]) => `  postgres  ${name} = ${value}`)
    .join('\n');
}
