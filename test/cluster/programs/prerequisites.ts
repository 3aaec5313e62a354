import { run } from '../host/run.ts';
import { goSearchPath } from './build.ts';
import { findProgram, missingPackages, type PackageGroup } from './packages.ts';

const oldestGo = [1, 25] as const;

/** What was found out about the machine. */
export interface Machine {
  platform: string;
  uid: number | undefined;
  /** Whether some program is not in the cache yet. */
  mustBuild: boolean;
  /** Answer of `go env GOVERSION`; undefined when there is no go command. */
  goVersion: string | undefined;
  hasApt: boolean;
  missingPackages: string[];
}

/** Names everything at once that is missing and cannot be installed from here, before anything is started. */
export async function checkPrerequisites(groups: readonly PackageGroup[], mustBuild: boolean): Promise<void> {
  const problems = prerequisiteProblems({
    platform: process.platform,
    uid: process.getuid?.(),
    mustBuild,
    goVersion: mustBuild ? await goVersion() : undefined,
    hasApt: findProgram('apt-get') !== undefined,
    missingPackages: missingPackages(groups),
  });
  if (problems.length > 0) {
    throw new Error(['This machine cannot run a cluster yet:', ...problems.map((line) => `- ${line}`)].join('\n'));
  }
}

/** Throws unless there is a Go that can build this program. */
export async function checkGo(program: string): Promise<void> {
  const problem = goProblem(program, await goVersion());
  if (problem !== undefined) throw new Error(problem);
}

/** One line for each thing that is missing, with how to get it. */
export function prerequisiteProblems(machine: Machine): string[] {
  const problems: string[] = [];
  if (machine.platform !== 'linux') {
    problems.push(`Linux is needed, this is ${machine.platform}: use a virtual machine, or set PITCREW_KUBECONFIG`);
  }
  if (machine.uid !== 0) problems.push('root is needed for namespaces and containers: run it again with sudo');
  const go = machine.mustBuild ? goProblem('Kubernetes', machine.goVersion) : undefined;
  if (go !== undefined) problems.push(go);
  if (!machine.hasApt && machine.missingPackages.length > 0) {
    problems.push(`apt-get is not here, so install by hand: ${machine.missingPackages.join(', ')} (Debian names)`);
  }
  return problems;
}

function goProblem(what: string, version: string | undefined): string | undefined {
  const wish = `Go ${oldestGo.join('.')} or newer is needed to build ${what}`;
  const hint = 'install it from go.dev/dl into /usr/local/go, or from your distribution';
  if (version === undefined) return `${wish}, and no go command is here: ${hint}`;
  const [major = 0, minor = 0] = version
    .replace(/^go/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  const isOld = major < oldestGo[0] || (major === oldestGo[0] && minor < oldestGo[1]);
  return isOld ? `${wish}, and this is ${version}: ${hint}` : undefined;
}

async function goVersion(): Promise<string | undefined> {
  try {
    return (await run('go', ['env', 'GOVERSION'], { env: { ...process.env, PATH: goSearchPath() } })).trim();
  } catch {
    return undefined;
  }
}
