import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../cluster/host/run.ts';
import { goSearchPath } from '../cluster/programs/build.ts';
import { versions } from '../cluster/programs/catalog.ts';

/** One test of Argo CD's own, by its path: `TestLuaHealthScript/…/testdata/healthy.yaml`. */
export interface TestEnd {
  readonly name: string;
  readonly passed: boolean;
  readonly output: string;
}

const MODULE = 'github.com/argoproj/argo-cd/v3';
const ENGINE = 'github.com/argoproj/argo-cd/gitops-engine/v3';
/** Folders of the module that its package of scripts is compiled from. */
const SOURCES = [
  'go.mod',
  'go.sum',
  'assets',
  'common',
  'pkg',
  'reposerver',
  'util',
  'resource_customizations/embed.go',
];
const ACTION_TESTS = 'util/lua/custom_actions_test.go';
/** The tests of actions put a fixed time in the place of one from the clock, kind by kind; this is what they need for ours. */
const IGNORE_TIME = `case "performance.bahamm.ir":
		if annotations := un.GetAnnotations(); annotations["performance.bahamm.ir/requestedAt"] != "" {
			annotations["performance.bahamm.ir/requestedAt"] = "0001-01-01T00:00:00Z"
			un.SetAnnotations(annotations)
		}
	`;
const BEFORE_OURS = 'case "capsule.clastix.io":';
const DEADLINE_MS = 25 * 60_000;

/**
 * Runs the tests that Argo CD has for its `resource_customizations` over such a folder of ours, in a copy of its module
 * without the others'. The first time compiles three minutes; later only what the folder is compiled into.
 */
export async function runArgoCdTests(customizations: string): Promise<TestEnd[]> {
  const pinned = join(import.meta.dirname, '..', 'cluster', 'go', 'argocd');
  const environment = {
    GOTOOLCHAIN: 'auto',
    ...process.env,
    PATH: goSearchPath(),
    CGO_ENABLED: '0',
    GOFLAGS: '-mod=mod',
  };
  const ask = (...args: string[]) => run('go', args, { cwd: pinned, env: environment, timeoutMs: DEADLINE_MS });
  const { Dir: module } = JSON.parse(await ask('mod', 'download', '-json', MODULE)) as { Dir: string };
  // What was compiled for the program is there already, if it is the same Go.
  const env = { ...environment, GOTOOLCHAIN: (await ask('env', 'GOVERSION')).trim() };
  const copy = mkdtempSync(join(tmpdir(), 'argo-cd-'));
  try {
    copyModule(module, copy);
    cpSync(customizations, join(copy, 'resource_customizations'), { recursive: true });
    await run('go', ['mod', 'edit', `-replace=${ENGINE}=${ENGINE}@v${versions.argoCd}`], { cwd: copy, env });
    return endsOf(await goTest(copy, env));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function copyModule(from: string, to: string): void {
  for (const path of SOURCES) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path), { recursive: true });
  }
  for (const path of ['go.mod', 'go.sum', ACTION_TESTS]) chmodSync(join(to, path), 0o644);
  const tests = readFileSync(join(to, ACTION_TESTS), 'utf8');
  if (!tests.includes(BEFORE_OURS)) throw new Error(`Argo CD's ${ACTION_TESTS} has changed: it has no ${BEFORE_OURS}`);
  writeFileSync(join(to, ACTION_TESTS), tests.replace(BEFORE_OURS, `${IGNORE_TIME}${BEFORE_OURS}`));
}

/** What the tests said, also when some failed. */
async function goTest(cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const flags = ['-json', '-trimpath', '-buildvcs=false', '-vet=off', '-count=1'];
  const args = ['test', ...flags, '-run=^TestLua(HealthScript|ResourceActionsScript)$', './util/lua'];
  try {
    return (await promisify(execFile)('go', args, { cwd, env, timeout: DEADLINE_MS, maxBuffer: 64 * 1024 * 1024 }))
      .stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    if (stdout?.includes('"Action":"run"') !== true) throw new Error(`go test: ${stderr ?? error}\n${stdout ?? ''}`);
    return stdout;
  }
}

interface TestEvent {
  readonly Action: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** The tests of single files; what only holds them together is left out. */
function endsOf(text: string): TestEnd[] {
  const events = text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as TestEvent);
  return events
    .filter(({ Action, Test }) => (Action === 'pass' || Action === 'fail') && Test?.endsWith('.yaml'))
    .map(({ Action, Test = '' }) => {
      const own = events.filter((event) => event.Test === Test);
      return { name: Test, passed: Action === 'pass', output: own.map(({ Output }) => Output ?? '').join('') };
    });
}
