import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Kubectl, waitFor } from '../support/kubectl.ts';

/**
 * A pod with the real program of a tier in it, which is asked about many rendered files in one go: they come in as
 * a tar, a script in the pod asks the program about each, and says which it refuses and why.
 */
export interface JudgePod {
  /** Refusals by the name of the case; nobody refused: an empty object. */
  judge(cases: ReadonlyMap<string, Readonly<Record<string, string>>>, script: string): Promise<Record<string, string>>;
  end(): Promise<void>;
}

export interface JudgeOptions {
  readonly name: string;
  readonly image: string;
  readonly user: number;
  /** Names that resolve to loopback in the pod, so that configurations which name Services can be tested without them. */
  readonly hosts?: readonly string[];
  /** Run once before anything is judged. */
  readonly prepare?: string;
}

const NAMESPACE = 'default';

export async function startJudge(kubectl: Kubectl, options: JudgeOptions): Promise<JudgePod> {
  await kubectl.run(
    'delete',
    'pod',
    options.name,
    '-n',
    NAMESPACE,
    '--ignore-not-found',
    '--grace-period=0',
    '--force',
  );
  await kubectl.pipe(JSON.stringify(podOf(options)), 'apply', '-n', NAMESPACE, '-f', '-');
  await waitFor(`pod ${options.name} to run`, async () => {
    const pod = await kubectl.get<{ status: { phase: string } }>('pod', options.name, '-n', NAMESPACE);
    return pod?.status.phase === 'Running';
  });
  if (options.prepare !== undefined) await kubectl.exec(NAMESPACE, options.name, ['sh', '-ec', options.prepare]);
  return {
    judge: async (cases, script) => parseVerdicts(await send(kubectl, options.name, cases, script)),
    end: async () =>
      void (await kubectl.run('delete', 'pod', options.name, '-n', NAMESPACE, '--grace-period=0', '--force')),
  };
}

function podOf({ name, image, user, hosts = [] }: JudgeOptions): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsUser: user, runAsGroup: user, fsGroup: user },
      hostAliases: hosts.length === 0 ? [] : [{ ip: '127.0.0.1', hostnames: hosts }],
      volumes: ['work', 'etc', 'cache', 'srv'].map((volume) => ({ name: volume, emptyDir: {} })),
      containers: [
        {
          name: 'judge',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['sleep', '3600'],
          env: [{ name: 'LANG', value: 'C.UTF-8' }],
          volumeMounts: [
            { name: 'work', mountPath: '/work-cases' },
            { name: 'etc', mountPath: '/etc/pitcrew' },
            { name: 'cache', mountPath: '/var/cache/pitcrew' },
            { name: 'srv', mountPath: '/srv/uploads' },
          ],
        },
      ],
    },
  };
}

/** Unpacks the cases below /work-cases in the pod and runs the script there. */
async function send(
  kubectl: Kubectl,
  pod: string,
  cases: ReadonlyMap<string, Readonly<Record<string, string>>>,
  script: string,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-cases-'));
  try {
    for (const [name, files] of cases) {
      for (const [file, text] of Object.entries(files)) {
        const path = join(folder, name, file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
    }
    const inPod = `rm -rf /work-cases/*; tar -x -C /work-cases; cd /work-cases; ${script}`;
    return await pipeline(
      ['tar', '-c', '-C', folder, '.'],
      [kubectl.program, 'exec', '-i', '-n', NAMESPACE, pod, '--', 'sh', '-c', inPod],
      kubectl.environment,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function pipeline(
  [first = '', ...firstArgs]: string[],
  [second = '', ...secondArgs]: string[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const source = spawn(first, firstArgs, { stdio: ['ignore', 'pipe', 'inherit'] });
    const sink = spawn(second, secondArgs, { stdio: [source.stdout, 'pipe', 'pipe'], env });
    let out = '';
    let err = '';
    sink.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    sink.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    sink.once('error', reject);
    sink.once('close', (code) => (code === 0 ? resolve(out) : reject(new Error(`exit ${code}: ${err.slice(-2000)}`))));
  });
}

/** Lines of the form `REFUSED <case> <why>`. */
function parseVerdicts(text: string): Record<string, string> {
  const refused = text.split('\n').flatMap((line) => {
    const match = /^REFUSED (\S+) (.*)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', match[2] ?? ''] as const];
  });
  if (!text.includes('JUDGED')) throw new Error(`the script did not come to its end: ${text.slice(-2000)}`);
  return Object.fromEntries(refused);
}
