import { readdirSync, readFileSync } from 'node:fs';
import type { Kubectl } from './kubectl.ts';

/** Ends all processes of one pod of a test cluster on this machine by SIGKILL, as the kernel would in need. */
export async function killInPod(kubectl: Kubectl, namespace: string, selector: string): Promise<void> {
  const list = await kubectl.get<{ items: Array<{ metadata: { uid: string } }> }>(
    'pods',
    '-n',
    namespace,
    '-l',
    selector,
  );
  const uid = list?.items[0]?.metadata.uid;
  if (uid === undefined) throw new Error(`no pod ${selector} in ${namespace}`);
  const pids = processesOf(uid);
  if (pids.length === 0) throw new Error(`pod ${uid} has no process on this machine`);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}

/** Processes in the pod's control group, the sandbox's own (pause) left out. */
function processesOf(podUid: string): number[] {
  const marks = [podUid, podUid.replaceAll('-', '_')];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const cgroup = readQuietly(`/proc/${pid}/cgroup`);
      const isPause = readQuietly(`/proc/${pid}/comm`).trim() === 'pause';
      return !isPause && marks.some((mark) => cgroup.includes(mark));
    })
    .map(Number);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // The process has ended meanwhile.
  }
}
