import type { Kubectl } from './kubectl.ts';

/** Questions to the processes in the pods, asked by `kubectl exec`. The operator itself needs no such right. */

interface PodList {
  readonly items: ReadonlyArray<{
    readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
    readonly status: PodStatus;
  }>;
}
interface PodStatus {
  readonly phase: string;
  readonly podIP?: string;
  readonly containerStatuses?: ReadonlyArray<{ readonly restartCount: number; readonly ready: boolean }>;
}

export interface PodView {
  readonly name: string;
  readonly uid: string;
  readonly ip: string | undefined;
  readonly restarts: number;
}

/** Ready pods of one tier of a profile, terminating ones left out. */
export async function podsOf(kubectl: Kubectl, namespace: string, profile: string, tier: string): Promise<PodView[]> {
  const selector = `performance.bahamm.ir/profile=${profile},performance.bahamm.ir/tier=${tier}`;
  const list = await kubectl.get<PodList>('pods', '-n', namespace, '-l', selector);
  return (list?.items ?? [])
    .filter(
      (pod) =>
        pod.metadata.deletionTimestamp === undefined && pod.status.containerStatuses?.every((status) => status.ready),
    )
    .map(({ metadata, status }) => ({
      name: metadata.name,
      uid: metadata.uid,
      ip: status.podIP,
      restarts: (status.containerStatuses ?? []).reduce((sum, container) => sum + container.restartCount, 0),
    }));
}

export async function onlyPod(kubectl: Kubectl, namespace: string, profile: string, tier: string): Promise<PodView> {
  const pods = await podsOf(kubectl, namespace, profile, tier);
  const [pod] = pods;
  if (pod === undefined || pods.length > 1) throw new Error(`${pods.length} ready pods of ${tier}, expected one`);
  return pod;
}

/** gunicorn's master and workers in the backend's pod, and the master's command line. */
export async function gunicornProcesses(
  kubectl: Kubectl,
  namespace: string,
  profile: string,
): Promise<{ master: string; workers: string[]; commandLine: string }> {
  const pod = await onlyPod(kubectl, namespace, profile, 'backend');
  const script =
    'for p in /proc/[0-9]*; do printf "%s %s " "$(basename $p)" "$(sed "s/.*) . \\([0-9]*\\) .*/\\1/" $p/stat)"; tr "\\0" " " < $p/cmdline; echo; done';
  const lines = (await kubectl.exec(namespace, pod.name, ['sh', '-c', script]))
    .split('\n')
    .filter((line) => line.includes('gunicorn') && !line.includes('sh -c'));
  const processes = lines.map((line) => {
    const [pid = '', parent = '', ...words] = line.trim().split(' ');
    return { pid, parent, commandLine: words.join(' ') };
  });
  const pids = new Set(processes.map(({ pid }) => pid));
  const master = processes.find(({ parent }) => !pids.has(parent));
  return {
    master: master?.pid ?? '',
    workers: processes.filter(({ parent }) => parent === master?.pid).map(({ pid }) => pid),
    commandLine: (master?.commandLine ?? '').replace(/^.*\bgunicorn /, 'gunicorn '),
  };
}

/** What SQLAlchemy's pool in one worker says of itself. */
export interface PoolView {
  readonly pid: number;
  readonly size: number;
  readonly max_overflow: number;
  readonly timeout: number;
  readonly recycle: number;
}

export async function backendPool(kubectl: Kubectl, namespace: string, profile: string): Promise<PoolView> {
  const pod = await onlyPod(kubectl, namespace, profile, 'backend');
  const ask =
    "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/api/debug/pool').read().decode())";
  return JSON.parse(await kubectl.exec(namespace, pod.name, ['python', '-c', ask])) as PoolView;
}

/** The guide's eleven parameters. */
export const GUIDE_PARAMETERS: Readonly<Record<string, string>> = {
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  maintenance_work_mem: '64MB',
  checkpoint_completion_target: '0.9',
  wal_buffers: '16MB',
  default_statistics_target: '100',
  random_page_cost: '1.1',
  effective_io_concurrency: '200',
  work_mem: '2621kB',
  min_wal_size: '1GB',
  max_wal_size: '4GB',
};

/** What the running server answers for them. */
export async function postgresSettings(
  kubectl: Kubectl,
  namespace: string,
  profile: string,
): Promise<Record<string, string>> {
  const names = Object.keys(GUIDE_PARAMETERS);
  const answers = await psql(kubectl, { namespace, profile }, names.map((name) => `show ${name};`).join(' '));
  return Object.fromEntries(names.map((name, index) => [name, answers[index] ?? '']));
}

/** Rows of one or more statements, as the superuser by the pod's own socket. */
export async function psql(
  kubectl: Kubectl,
  at: { namespace: string; profile: string; database?: string },
  sql: string,
): Promise<string[]> {
  const command = [
    'psql',
    '-X',
    '-q',
    '-A',
    '-t',
    '-h',
    '/var/run/postgresql',
    '-U',
    'postgres',
    '-d',
    at.database ?? 'app',
    '-c',
    sql,
  ];
  const text = await kubectl.exec(at.namespace, `${at.profile}-postgres-0`, command);
  return text.split('\n').filter((line) => line !== '');
}
