import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DERIVATIONS } from '../../charts/derivations.ts';
import { type KnobPath, resolveEffective } from '../../charts/effective.ts';
import { DEFAULT_FACTS, type Facts } from '../../charts/facts.ts';
import { checkRules, type Finding, type Fix, REMOVE } from '../../charts/findings.ts';
import { withFix } from '../../charts/fix.ts';
import { RULES } from '../../charts/rule-book.ts';
import type { EnvVar } from '../../crds/fields.ts';
import { API_VERSION, KIND } from '../../crds/group.ts';
import { knobsOf } from '../../crds/knob.ts';
import { parseProfile, type Spec, specSchema } from '../../crds/performance-profile.ts';
import { POLICY } from '../../deploy/admission.ts';
import { arbitraryOf, validProfile } from '../support/arbitrary.ts';
import { kubectlFor, waitFor } from '../support/kubectl.ts';
import { seedProfile } from '../support/profiles.ts';
import { readRepositoryFile } from '../support/stage.ts';
import { ADMISSION_API, type Told, toldBy, useAdmissionStage, WARNING_IDS } from './admission-stage.ts';
import { atThresholds } from './thresholds.ts';

/** Findings as warnings of the API server: whatever it warns of, the rule book finds; what it can know, it says. */
const stage = useAdmissionStage();
const root = join(import.meta.dirname, '..', '..');
const { policy: _, ...SEED } = seedProfile().spec;

/** Rules that the object alone does not tell entirely, and why. All others must be told whenever they are found. */
const PARTLY: Readonly<Record<string, string>> = {
  'INV-05': 'the number of workers may be derived from the node',
  'DB-01': 'so may the pool; silent beside INV-05',
  'INV-09': 'which addresses are those of clients behind a CDN takes too many words',
  'INV-11': 'the pool may be derived from the node',
  'INV-12': 'of what is derived for tiny volumes',
  'INV-17': 'without a CPU limit, the cores of the node count',
  'INV-20': 'the number of workers may be derived from the node',
  'INV-22': 'the list of all parameters is too long',
  'INV-25': 'whether PORT says the same as the field',
  'NG-32': 'how many connections are needed takes too many words',
  'RES-03': 'what is requested may be derived from the node',
  'S-12': 'whether users must pause is a note about load tests',
  'BE-01': 'a deprecated name is a note that waits for another image',
};

/** Other nodes than the one that is assumed: warnings must hold on each. */
const OTHER_NODES: readonly Facts[] = [
  { kubernetesVersion: '1.35.4', allocatableCpuMillis: 1930, allocatableMemoryMiB: 24_576, nodeCount: 1 },
  { kubernetesVersion: '1.35.4', allocatableCpuMillis: 64_000, allocatableMemoryMiB: 524_288, nodeCount: 3 },
];

const findingsOf = (spec: Spec, facts: Facts = DEFAULT_FACTS): Finding[] =>
  checkRules(RULES, { spec, facts, effective: resolveEffective(spec, facts, DERIVATIONS) });
const inForce = (spec: Spec, path: KnobPath): unknown => resolveEffective(spec, DEFAULT_FACTS, DERIVATIONS).find(path);
const isValid = (spec: Spec): boolean =>
  'profile' in parseProfile({ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'shop' }, spec });

describe('the policy', () => {
  it('is accepted, and every expression has the types that the schema says', async () => {
    const path = `${ADMISSION_API}/validatingadmissionpolicies/${POLICY}`;
    const status = await waitFor('the types of the policy', async () => {
      const { body } = await stage.server.transport.request({ method: 'GET', path });
      const { metadata, status } = body as { metadata: { generation: number }; status?: PolicyStatus };
      return status?.observedGeneration === metadata.generation ? status : undefined;
    });
    expect(status.typeChecking).toEqual({});
  });

  it('says of the guide what stands in the documentation', async () => {
    const lines = (await applied('grep -v acknowledge: examples/bahamm-seed.yaml')).filter(isWarning);
    expect(toldBy(lines.map((line) => line.replace('Warning: ', ''))).map(({ id }) => id)).toEqual([
      ...['INV-05', 'INV-09', 'INV-19', 'INV-19', 'S-18', 'S-19', 'INV-06', 'S-07', 'INV-17', 'INV-20', 'INV-20'],
      ...['INV-13', 'S-13', 'INV-23', 'RES-03'],
    ]);
    const documented = ['README.md', 'docs/cli.md'].flatMap((page) =>
      readRepositoryFile(page).split('\n').filter(isWarning),
    );
    expect(documented.length).toBeGreaterThan(0);
    expect(documented.filter((line) => !lines.includes(line))).toEqual([]);
  });

  it.each(['bahamm', 'cdn', 'small-4gib', 'large-32gib'])('has nothing to say of examples/%s.yaml', async (name) => {
    expect((await applied(`cat examples/${name}.yaml`)).filter(isWarning)).toEqual([]);
  });

  it('is silent about what is acknowledged, and about the rest of an object', async () => {
    const { transport } = stage.server;
    const policy = { acknowledge: ['INV-05', 'S-18'], reason: 'as in the guide' };
    const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'quiet' }, spec: { ...SEED, policy } };
    const created = await transport.request({ method: 'POST', path: stage.pathOf(), body });
    const ids = toldBy(created.warnings).map(({ id }) => id);
    expect(ids).toContain('INV-06');
    expect(ids).not.toContain('INV-05');
    expect(ids).not.toContain('S-18');

    const patch = async (change: object, subresource = '') =>
      (
        await transport.request({
          method: 'PATCH',
          path: `${stage.pathOf('quiet')}${subresource}`,
          body: change,
          contentType: 'application/merge-patch+json',
        })
      ).warnings;
    expect(await patch({ metadata: { labels: { team: 'shop' }, finalizers: ['example.org/later'] } })).toEqual([]);
    expect(await patch({ status: { revision: 1 } }, '/status')).toEqual([]);
    expect(toldBy(await patch({ spec: { suspend: true } })).map(({ id }) => id)).toEqual(ids);
    await transport.request({ method: 'DELETE', path: stage.pathOf('quiet') });
    // The server first tries an update on what its cache holds, and warns of that too.
    await waitFor('the cache of the server', async () => {
      const { body } = await transport.request({
        method: 'GET',
        path: stage.pathOf('quiet'),
        query: { resourceVersion: '0' },
      });
      return (body as { metadata: { deletionTimestamp?: string } }).metadata.deletionTimestamp;
    });
    expect(await patch({ spec: { suspend: false } })).toEqual([]);
    expect(await patch({ metadata: { finalizers: null } })).toEqual([]);
  });

  it('names the rule alone where there are too many words, and reckons to the end on the largest of profiles', async () => {
    const segment = 'a'.repeat(60);
    const paths = Array.from({ length: 50 }, (_, index) => `/api/users/${segment}/${segment}/${index}`);
    const value = `redis://a:b@c/${'y'.repeat(4000)}`;
    const env = Array.from({ length: 100 }, (_, index) => ({ name: `URL_${'X'.repeat(100)}${index}`, value }));
    const told = await stage.told({ ...withEnv(env, env), edge: { ...MINIMAL.edge, cache: { api: { paths } } } });
    const short = told.filter(({ text }) => text === 'see status.findings').map(({ id }) => id);
    expect(short).toEqual(['INV-02', 'S-26']);
  });
});

interface PolicyStatus {
  readonly observedGeneration?: number;
  readonly typeChecking?: object;
}

const isWarning = (line: string): boolean => line.startsWith('Warning: ');

/** What a person sees who applies what a command prints. */
async function applied(source: string): Promise<string[]> {
  const kubectl = kubectlFor(stage.server.real.kubeconfig, stage.server.real.binDir);
  await kubectl.attempt('create', 'namespace', 'bahamm');
  const command = `{ ${source} | kubectl apply --dry-run=server -f -; } 2>&1`;
  const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: root, env: kubectl.environment });
  expect(stdout).toContain('created (server dry run)');
  return stdout.split('\n');
}

describe('warnings and findings', () => {
  it('agree on random profiles and at the edge of each rule, and what is said to be done helps', {
    timeout: 300_000,
  }, async () => {
    const random = fc.sample(validProfile, { numRuns: 200, seed: 20_270_113 }).map(({ spec }) => spec);
    const perturbed = fc.sample(fc.oneof(changed(SEED), changed(MINIMAL)), { numRuns: 100, seed: 20_270_113 });
    const edges = atThresholds([...perturbed, ...random], { findingsOf, valueOf: inForce, isValid });
    expect(edges.length).toBeGreaterThan(80);
    const heard: Told[] = [];
    const flaws = await inTurns([...random, ...perturbed, ...edges, ...PLAIN_CASES], async (spec) => {
      const told = await stage.told(spec);
      heard.push(...told);
      const found = findingsOf(spec);
      const useless = told.flatMap((warning) => uselessFix(spec, found, warning));
      const wrong = [...OTHER_NODES.flatMap((facts) => lies(findingsOf(spec, facts), told)), ...lies(found, told)];
      const flaws = [...wrong, ...silences(found, told), ...useless];
      return flaws.map((flaw) => `${flaw}\n  ${JSON.stringify(spec)}`);
    });
    expect(flaws.flat()).toEqual([]);
    expect(WARNINGS.filter(({ id, says }) => !heard.some((told) => told.id === id && says.test(told.text)))).toEqual(
      [],
    );
  });
});

const MINIMAL: Spec = {
  edge: { hosts: ['shop.example'] },
  backend: { image: 'shop:1' },
  frontend: { image: 'front:1' },
  postgres: { storage: { size: '20Gi' } },
};

/** A profile with a few fields changed, so that most of it is derived. */
function changed(base: Spec): fc.Arbitrary<Spec> {
  const knob = fc.constantFrom(...knobsOf(specSchema));
  const change = knob.chain(({ path, schema }) => arbitraryOf(schema).map((value) => [path, value] as const));
  return fc
    .array(change, { minLength: 1, maxLength: 6 })
    .map((changes) => withFix(base, Object.fromEntries(changes) as Fix))
    .filter(isValid);
}

/** Each warning of the rule book, and what it looks like. */
const WARNINGS = RULES.flatMap(({ id, admission = [] }) =>
  admission.map(({ says }) => {
    const words = says.format
      .split('%s')
      .map((part) => part.replaceAll('%%', '%').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return { id, says: new RegExp(`^${words.join('.*')}; `) };
  }),
);

function withEnv(backend: EnvVar[], frontend: EnvVar[] = []): Spec {
  return { ...MINIMAL, backend: { image: 'shop:1', env: backend }, frontend: { image: 'front:1', env: frontend } };
}

/** Settings that not every PostgreSQL takes. */
const OF_ANOTHER_VERSION: Partial<Spec['postgres']> = {
  reservedConnections: 2,
  transactionTimeoutSeconds: 60,
  parameters: { maintenanceWorkMem: '512kB', walCompression: 'Zstd', ioMethod: 'IoUring', effectiveIoConcurrency: 200 },
};

/** What hardly any random profile has. */
const PLAIN_CASES: readonly Spec[] = [
  { ...MINIMAL, edge: { ...MINIMAL.edge, image: 'registry.example/nginx:1.29.7-alpine' } },
  { ...MINIMAL, edge: { ...MINIMAL.edge, image: 'registry.example:5000/nginx:1.30.4' } },
  withEnv([{ name: 'WEB_CONCURRENCY', value: '8' }], [{ name: 'NODE_OPTIONS', value: '--trace-gc' }]),
  withEnv([{ name: 'GUNICORN_CMD_ARGS', value: '--preload' }], [{ name: 'PORT', value: '3000' }]),
  withEnv([{ name: 'GUNICORN_CMD_ARGS', value: '--preloaded' }], [{ name: 'PORT', value: '3001' }]),
  withEnv(
    [{ name: 'REDIS_URL', value: 'redis://a:b@c' }],
    [{ name: 'API_URL', value: 'https://me:secret@api.example' }],
  ),
  withEnv([{ name: 'DATABASE_URL', value: 'postgresql://db.example/shop' }]),
  withEnv([{ name: 'DATABASE_URL', value: 'postgresql://$(PGUSER):$(PGPASSWORD)@$(PGHOST)/shop' }]),
  withEnv([{ name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'db', key: 'url' } } }]),
  ...[
    'postgres:13',
    'postgres:14.2-bookworm',
    'db.example:5000/pg:v15@sha256:1',
    'postgres:16',
    'postgres:17',
    'postgres:18',
  ].map((image): Spec => ({ ...MINIMAL, postgres: { ...MINIMAL.postgres, ...OF_ANOTHER_VERSION, image } })),
  ...['postgres', 'postgres:latest', 'db.example:5000/postgres', 'postgres:180'].map(
    (image): Spec => ({ ...MINIMAL, postgres: { ...MINIMAL.postgres, ...OF_ANOTHER_VERSION, image } }),
  ),
];

/** What the server says and the rule book does not. */
function lies(found: readonly Finding[], told: readonly Told[]): string[] {
  const isFound = ({ id, isRefused }: Told) =>
    found.some((finding) => finding.id === id && (!isRefused || finding.severity === 'Error'));
  return told.filter((warning) => !isFound(warning)).map(({ id, text }) => `wrong: ${id} ${text}`);
}

/** What the server could know and does not say. */
function silences(found: readonly Finding[], told: readonly Told[]): string[] {
  const whole = found.filter(({ id }) => WARNING_IDS.includes(id) && !Object.hasOwn(PARTLY, id));
  const isTold = ({ id, severity }: Finding) =>
    told.some((warning) => warning.id === id && (severity !== 'Error' || warning.isRefused));
  return whole.filter((finding) => !isTold(finding)).map(({ id, message }) => `silent: ${id} ${message}`);
}

/** A fix in words is followed: the profile must be valid with it, and the rule have less to say. */
function uselessFix(spec: Spec, found: readonly Finding[], { id, text }: Told): string[] {
  const [, verb, steps = ''] = /; (set|remove) ([^;]*)$/.exec(text) ?? [];
  if (verb === undefined) return [];
  const fix = Object.fromEntries(
    steps.split(' and ').map((step) => {
      const [path = '', value = ''] = step.split(' to ');
      return [path as KnobPath, verb === 'remove' ? REMOVE : /^[0-9]+$/.test(value) ? Number(value) : value];
    }),
  ) as Fix;
  const after = withFix(spec, fix);
  const count = (findings: readonly Finding[]) => findings.filter((finding) => finding.id === id).length;
  return isValid(after) && count(findingsOf(after)) < count(found) ? [] : [`useless: ${id} ${text}`];
}

/** Eight at a time, as many as the server answers without making anybody wait. */
async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items];
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await run(item));
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return results;
}
