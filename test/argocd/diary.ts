import { createInterface } from 'node:readline';
import type { Kubectl } from '../support/kubectl.ts';
import { ARGO_NAMESPACE } from './servers.ts';

/** One state of an Application, as the API server told it to a watcher. */
export interface Entry {
  readonly at: number;
  readonly name: string;
  readonly sync: string;
  readonly health: string;
}

/** Every state that the Applications went through: what flaps between two looks of a test is in here too. */
export interface Diary {
  /** States of one Application since a moment; the one that it was in then comes first. */
  readonly since: (name: string, moment: number) => readonly Entry[];
  readonly stop: () => void;
}

const LINE = '{.metadata.name}|{.status.sync.status}|{.status.health.status}{"\\n"}';

export function keepDiary(kubectl: Kubectl): Diary {
  const entries: Entry[] = [];
  const watch = kubectl.start('get', 'applications.argoproj.io', '-n', ARGO_NAMESPACE, '-w', '-o', `jsonpath=${LINE}`);
  if (watch.stdout === null) throw new Error('kubectl has no output');
  createInterface({ input: watch.stdout }).on('line', (line) => {
    const [name = '', sync = '', health = ''] = line.split('|');
    const last = entries.findLast((entry) => entry.name === name);
    if (last?.sync !== sync || last.health !== health) entries.push({ at: Date.now(), name, sync, health });
  });
  return {
    since: (name, moment) => {
      const own = entries.filter((entry) => entry.name === name);
      const first = own.findLastIndex(({ at }) => at <= moment);
      return own.slice(Math.max(first, 0));
    },
    stop: () => watch.kill(),
  };
}
