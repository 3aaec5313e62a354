import type { ChangeClass } from '../crds/knob.ts';

/** What a change of a value does to the running site, in one sentence. */
export function effectOf(path: string, change: ChangeClass): string {
  const [tier = '', ...rest] = path.split('.');
  // A field of the spec itself concerns more than one tier.
  if (rest.length === 0) return EFFECTS[change].replace('<tier> ', '');
  return (TIER_EFFECTS[tier]?.[change] ?? EFFECTS[change]).replace('<tier>', tier === 'uploads' ? 'edge' : tier);
}

const EFFECTS: Readonly<Record<ChangeClass, string>> = {
  reload: 'nginx reloads its configuration within seconds: no connection is lost, the cache and the pods stay.',
  sql: 'It is set on the database role over SQL and holds for new connections: nothing restarts.',
  resize: 'The running <tier> pods are resized in place where the cluster can do that, else replaced one by one.',
  rolling: 'New <tier> pods start beside the old ones and take over when they are ready: no request is lost.',
  restart: 'PostgreSQL is stopped and started again: requests that need the database wait or fail for some seconds.',
};

const TIER_EFFECTS: Readonly<Record<string, Partial<Readonly<Record<ChangeClass, string>>>>> = {
  edge: {
    rolling:
      'New edge pods start beside the old ones and take over when they are ready: no request is lost, but their cache starts empty.',
  },
  postgres: {
    reload: 'PostgreSQL reads its configuration again: no connection is lost, nothing restarts.',
    rolling: 'The PostgreSQL pod is replaced: requests that need the database wait or fail for some seconds.',
  },
};
