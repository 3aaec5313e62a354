import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { clusterList, stopCluster } from './cluster/cluster.ts';

/**
 * `make test`: every check in the order of its price, all of them even when one fails, and one line at the
 * end that says how many passed and how many failed. `--fast` leaves out what needs a cluster.
 */
interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Titles of what failed, to be said again where a reader looks first: at the end. */
  readonly failures: readonly string[];
}

const repository = join(import.meta.dirname, '..');
const bin = join(repository, 'node_modules', '.bin');
const scratch = mkdtempSync(join(tmpdir(), 'pitcrew-test-'));

/** Runs a program; what it prints goes to the screen, or into `held` to be printed later in one piece. */
function run(program: string, args: readonly string[], held?: string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(join(bin, program), args, {
      stdio: held === undefined ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => held?.push(chunk.toString()));
    child.once('error', () => resolve(127));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** A program that passes or fails as a whole. */
async function whole(title: string, program: string, args: readonly string[]): Promise<Tally> {
  heading(title);
  const ended = await run(program, args);
  return ended === 0 ? { passed: 1, failed: 0, failures: [] } : { passed: 0, failed: 1, failures: [title] };
}

/** A vitest project; a run that breaks before it counts anything is one failure. */
async function tests(project: string, held?: string[]): Promise<Tally> {
  const title = `tests: ${project}`;
  if (held === undefined) heading(title);
  else held.push(`\n== ${title}\n`);
  const report = join(scratch, `${project}.json`);
  const code = await run(
    'vitest',
    ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    held,
  );
  const counted = readReport(report);
  return code !== 0 && counted.failed === 0
    ? { ...counted, failed: 1, failures: [`${title}: the run broke`] }
    : counted;
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function readReport(path: string): Tally {
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(path, 'utf8')) as Report;
    const failures = testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName }) => `${relative(repository, name)}: ${fullName}`),
    );
    return { passed: numPassedTests, failed: numFailedTests, failures };
  } catch {
    return { passed: 0, failed: 0, failures: [] };
  }
}

function heading(title: string): void {
  process.stdout.write(`\n== ${title}\n`);
}

/** One lane after the other keeps the machine as busy as it can be: a node waits for most of its time. */
const LANES = [['e2e'], ['argocd', 'apart'], ['api'], ['servers', 'sim']];

/** The tests of all lanes; what the first prints is seen as it comes, the rest afterwards. */
async function inLanes(): Promise<Tally[]> {
  const lanes = LANES.map(async (projects, lane) => {
    const held: string[] | undefined = lane === 0 ? undefined : [];
    const tallies: Tally[] = [];
    for (const project of projects) tallies.push(await tests(project, held));
    return { tallies, held: held ?? [] };
  });
  const ended = await Promise.all(lanes);
  process.stdout.write(ended.flatMap(({ held }) => held).join(''));
  return ended.flatMap(({ tallies }) => tallies);
}

/** Ends the clusters that the tests have started; those that were there before, the demo's for one, go on. */
async function endClustersSince(before: readonly string[]): Promise<void> {
  for (const name of clusterList().filter((each) => !before.includes(each))) await stopCluster(name);
}

const fast = process.argv.includes('--fast');
const before = clusterList();
const tallies = [
  await whole('types', 'tsc', ['--noEmit']),
  await whole('lint', 'biome', ['check', '--error-on-warnings', '.']),
  await tests('unit'),
  await tests('golden'),
  ...(fast ? [] : await inLanes()),
];
rmSync(scratch, { recursive: true, force: true });
if (!fast) await endClustersSince(before);
const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
for (const failure of tallies.flatMap(({ failures }) => failures)) process.stdout.write(`\nfailed: ${failure}`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
