import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding } from '../../charts/findings.ts';
import { needsRestart } from '../../charts/postgres-settings.ts';
import { SETTINGS_TABLE } from '../../charts/postgres-settings-table.ts';
import type { PlacedKnob } from '../../crds/knob.ts';
import { APP_PASSWORD, type DatabasePod, MONITOR_PASSWORD } from '../postgres/database-pod.ts';
import {
  CONF_KNOBS,
  changeClass,
  isKnownTo,
  liveOf,
  ROLE_KNOBS,
  refusedByServer,
  settingOf,
  someValues,
} from '../postgres/knob-values.ts';
import { ask, type LiveSetting, type Observation, observe, rows } from '../postgres/live-settings.ts';
import { imageRoots, MAJORS, type Major } from '../postgres/majors.ts';
import { renderDatabase } from '../postgres/rendered-database.ts';
import { type Story, tell } from '../postgres/story.ts';

/**
 * What the profile says about PostgreSQL's parameters is what the real servers of three majors say: whether a change
 * needs a restart, units, bounds, defaults.
 * The servers run from the files of their images without a node, each in namespaces of its own.
 */
const stories = new Map<number, Story>();
const pods: DatabasePod[] = [];
const storyOf = (major: Major): Story => {
  const story = stories.get(major);
  if (story === undefined) throw new Error(`the server of PostgreSQL ${major} did not come through`);
  return story;
};

beforeAll(async () => {
  const roots = await imageRoots();
  await Promise.all(
    MAJORS.map(async (major) => stories.set(major, await tell(major, roots[major], (pod) => pods.push(pod)))),
  );
});
afterAll(async () => void (await Promise.all(pods.map((pod) => pod.remove()))));

/** How a context of pg_settings takes over a change: only `postmaster` needs another start of the server. */
const CLASS_OF: Readonly<Record<string, string>> = {
  postmaster: 'restart',
  sighup: 'reload',
  superuser: 'reload',
  'superuser-backend': 'reload',
  backend: 'reload',
  user: 'reload',
};

/** What is wrong, by path; nothing: an empty object. */
function complaints(knobs: readonly PlacedKnob[], judge: (placed: PlacedKnob) => unknown): Record<string, unknown> {
  return Object.fromEntries(
    knobs.map((placed) => [placed.path, judge(placed)]).filter(([, said]) => said !== undefined),
  );
}

/** A rule about the version of the server stands at the image, and names the field in its message. */
const isAbout = ({ path, message }: Finding, placed: PlacedKnob): boolean =>
  path === placed.path || message.includes(placed.path.slice(placed.path.lastIndexOf('.') + 1));

const knownTo = (major: Major) => CONF_KNOBS.filter((placed) => isKnownTo(major, placed));
const namesIn = (conf: string): string[] => [...conf.matchAll(/^([a-z_.]+) = /gm)].map(([, name = '']) => name);

describe.each(MAJORS)('the knobs and PostgreSQL %i', (major) => {
  it('have the class that the context of the server asks for', () => {
    const { settings } = storyOf(major).first;
    expect(
      complaints(knownTo(major), (placed) => {
        const { context } = liveOf(placed, settings);
        const ours = changeClass(major, placed);
        return CLASS_OF[context] === ours ? undefined : `${ours}, but its context is ${context}`;
      }),
    ).toEqual({});
  });

  it('are in force by a role where roles.sql sets them', () => {
    const { settings } = storyOf(major).first;
    const known = ROLE_KNOBS.filter((placed) => isKnownTo(major, placed));
    expect(complaints(known, (placed) => (liveOf(placed, settings).context === 'user' ? undefined : 'no'))).toEqual({});
  });

  it('come with the major that they say', () => {
    const { settings } = storyOf(major).first;
    expect(
      complaints([...CONF_KNOBS, ...ROLE_KNOBS], (placed) => {
        const has = settings.has(placed.knob.target.key);
        return has === isKnownTo(major, placed) ? undefined : `the server ${has ? 'knows it' : 'does not know it'}`;
      }),
    ).toEqual({});
  });

  it('have the unit of the server', () => {
    const units: Readonly<Record<string, string>> = { seconds: 's', milliseconds: 'ms' };
    const sizes = ['B', 'kB', '8kB', 'MB'];
    const { settings } = storyOf(major).first;
    expect(
      complaints(knownTo(major), (placed) => {
        const live = liveOf(placed, settings).unit;
        const ours = units[placed.knob.unit ?? ''] ?? null;
        const isSize = placed.schema.safeParse('1GB').success || sizes.includes(live ?? '');
        const agrees = isSize ? ours === null && sizes.includes(live ?? '') : ours === live;
        return agrees ? undefined : `${placed.knob.unit} is not ${live}`;
      }),
    ).toEqual({});
  });

  it('let nothing through that the server refuses, unless a finding does not', () => {
    const { settings } = storyOf(major).first;
    expect(
      complaints(knownTo(major), (placed) => {
        const passed = refusedByServer(placed, liveOf(placed, settings)).filter((value) => {
          const { findings } = renderDatabase(major, { [placed.path]: value });
          return !findings.some((finding) => finding.severity === 'Error' && isAbout(finding, placed));
        });
        return passed.length === 0 ? undefined : passed;
      }),
    ).toEqual({});
  });

  it('do not let WAL be smaller than two of its segments', () => {
    const segment = Number(storyOf(major).first.settings.get('wal_segment_size')?.setting) / 2 ** 20;
    const wal = knownTo(major).filter(({ knob }) => /^(min|max)_wal_size$/.test(knob.target.key));
    expect(wal.map(({ schema }) => schema.safeParse(`${2 * segment - 1}MB`).success)).toEqual([false, false]);
  });

  it('tell the truth about the defaults of the server', () => {
    const { settings } = storyOf(major).first;
    expect(
      complaints(
        [...CONF_KNOBS, ...ROLE_KNOBS].filter((placed) => isKnownTo(major, placed)),
        (placed) => {
          const live = liveOf(placed, settings);
          const told = claimedDefault(placed);
          const isTrue = told === undefined || Number(told) === Number(live.boot_val);
          return isTrue ? undefined : `said ${told}, is ${live.boot_val}`;
        },
      ),
    ).toEqual({});
  });

  it('reach the server by a reload, all of that class in one', () => {
    const { reload, values, first, reloaded } = storyOf(major);
    expect(notInForce(reload, values, reloaded)).toEqual({});
    expect(reloaded.notApplied).toEqual([]);
    expect(pendingIn(reloaded)).toEqual([]);
    expect(reloaded.startedAt).toBe(first.startedAt);
  });

  it('leave the pod as it is when they are of class reload, whatever their value', () => {
    const pod = JSON.stringify(renderDatabase(major).pod);
    const { reload } = storyOf(major);
    expect(
      complaints(reload, ({ path, schema }) => {
        const restarting = someValues(schema).filter(
          (value) => JSON.stringify(renderDatabase(major, { [path]: value }).pod) !== pod,
        );
        return restarting.length === 0 ? undefined : restarting;
      }),
    ).toEqual({});
  });

  it('wait for a restart when they are of that class, and for nothing else', () => {
    const { restart, first, changed, rendered } = storyOf(major);
    const names = restart.map(({ knob }) => knob.target.key).sort();
    expect(pendingIn(changed)).toEqual(names);
    expect(changed.notApplied.map(({ name }) => name).sort()).toEqual(names);
    expect(changed.startedAt).toBe(first.startedAt);
    expect(rendered.changed.pod).not.toEqual(rendered.reloaded.pod);
  });

  it('are all in force after the restart', () => {
    const { reload, restart, values, restarted, first } = storyOf(major);
    expect(notInForce([...reload, ...restart], values, restarted)).toEqual({});
    expect(restarted.notApplied).toEqual([]);
    expect(pendingIn(restarted)).toEqual([]);
    expect(restarted.startedAt).not.toBe(first.startedAt);
  });
});

/** What a knob's own words say the default of the server is, as a number in the server's unit. */
function claimedDefault({ knob }: PlacedKnob): string | undefined {
  if (/default of PostgreSQL/.test(knob.source)) return String(knob.default);
  const told = /PostgreSQL default ([0-9.]+|none)/.exec(knob.source)?.[1];
  return told === 'none' ? '0' : told;
}

function notInForce(
  knobs: readonly PlacedKnob[],
  values: Readonly<Record<string, unknown>>,
  { settings }: Observation,
) {
  return complaints(knobs, (placed) => {
    const live = liveOf(placed, settings);
    const wanted = settingOf(placed, live, values[placed.path]);
    return live.setting === wanted ? undefined : `${live.setting} instead of ${wanted}`;
  });
}

const pendingIn = ({ settings }: Observation): string[] =>
  [...settings.values()].flatMap(({ name, pending_restart }) => (pending_restart ? [name] : [])).sort();

describe.each(MAJORS)('the files for PostgreSQL %i', (major) => {
  it('are taken over without a complaint, and name only what the server knows', () => {
    const { first, rendered } = storyOf(major);
    // The server does not mind in which case a name is written.
    const known = new Set([...first.settings.keys()].map((name) => name.toLowerCase()));
    const unknown = namesIn(rendered.first.files['postgresql.conf'] ?? '').filter(
      (name) => !known.has(name) && !name.startsWith('pitcrew.'),
    );
    expect(unknown).toEqual([]);
    expect(first.notApplied).toEqual([]);
  });

  it('leave out what is set for a newer server, and say so', () => {
    const newer = CONF_KNOBS.filter((placed) => !isKnownTo(major, placed));
    expect(
      complaints(newer, (placed) => {
        const { files, findings } = renderDatabase(major, { [placed.path]: someValues(placed.schema)[0] });
        const isSet = namesIn(files['postgresql.conf'] ?? '').includes(placed.knob.target.key);
        const isSaid = findings.some((finding) => isAbout(finding, placed));
        return isSaid && !isSet ? undefined : { isSaid, isSet };
      }),
    ).toEqual({});
  });

  it('let the operator ask which configuration is loaded', async () => {
    const { pod, rendered } = storyOf(major);
    const login = { user: 'pitcrew_monitor', password: MONITOR_PASSWORD };
    expect(await ask(pod, login, 'SHOW pitcrew.config_hash')).toBe(rendered.changed.configHash);
  });

  it('make the roles as the profile says, and applied once more change nothing', async () => {
    const { pod, first, restarted } = storyOf(major);
    await pod.exec(['psql', '--no-psqlrc', '--username=postgres', '--file=/etc/pitcrew/postgres/roles.sql']);
    expect((await observe(pod)).roles).toEqual(restarted.roles);
    expect(first.roles).toMatchObject([
      { rolname: 'app', rolsuper: false, password: 'SCRAM-SHA-256', owns: [expect.stringMatching(/^app /)] },
      { rolname: 'pitcrew_migrate', rolsuper: false, password: 'SCRAM-SHA-256', member_of: ['app'] },
      { rolname: 'pitcrew_monitor', rolsuper: false, password: 'SCRAM-SHA-256', member_of: ['pg_read_all_settings'] },
      { rolname: 'postgres', rolsuper: true, password: null },
    ]);
  });

  it('give the application its statement timeout', async () => {
    const { pod } = storyOf(major);
    const app = { user: 'app', password: APP_PASSWORD };
    expect(await ask(pod, app, 'SHOW statement_timeout')).toBe('30s');
    expect(await rows(pod, "SELECT current_setting('statement_timeout') AS timeout")).toEqual([{ timeout: '0' }]);
  });

  it('admit nobody without SCRAM but the superuser by the socket', async () => {
    const { pod } = storyOf(major);
    const rules = await rows<{ type: string; auth_method: string; error: string | null }>(
      pod,
      'SELECT type, auth_method, error FROM pg_hba_file_rules',
    );
    expect(rules.map(({ error }) => error)).toEqual(rules.map(() => null));
    expect(new Set(rules.filter(({ type }) => type === 'host').map(({ auth_method }) => auth_method))).toEqual(
      new Set(['reject', 'scram-sha-256']),
    );
    await expect(ask(pod, { user: 'app', password: 'wrong' }, 'SELECT 1')).rejects.toThrow(/authentication failed/);
    await expect(ask(pod, { user: 'postgres', password: 'any' }, 'SELECT 1')).rejects.toThrow(/rejects connection/);
    await expect(pod.exec(['psql', '--username=app', '--command=SELECT 1'])).rejects.toThrow(/rejects connection/);
  });

  it('keep passwords out of the log', () => {
    const { pod, stop } = storyOf(major);
    for (const secret of [APP_PASSWORD, MONITOR_PASSWORD, 'PASSWORD']) expect(stop.log + pod.log).not.toContain(secret);
  });

  it('end the server cleanly for a restart, with a client in the middle of a query', () => {
    const { stop, pod } = storyOf(major);
    expect(stop.code).toBe(0);
    expect(stop.log).toContain('database system is shut down');
    expect(pod.log).not.toContain('not properly shut down');
  });

  it('take back from the roles what the profile says no longer', async () => {
    const { pod, first, rendered } = storyOf(major);
    pod.mount(rendered.first);
    await expect.poll(async () => (await observe(pod)).roles, { timeout: 10_000 }).toEqual(first.roles);
  });
});

describe.each(MAJORS)('the table of further parameters and PostgreSQL %i', (major) => {
  interface Row {
    readonly name: string;
    readonly change: string;
    readonly type: string;
    readonly unit: string;
    readonly bounds: string;
    readonly since: number;
    readonly until: number;
  }
  const table: Row[] = SETTINGS_TABLE.trim()
    .split('\n')
    .map((line) => line.split('|'))
    .map(([name = '', change = '', type = '', unit = '', bounds = '', since, until]) => {
      return { name, change, type, unit, bounds, since: Number(since || 0), until: Number(until || 99) };
    });

  it('agree in change class, type, unit, bounds and words', () => {
    const { settings } = storyOf(major).first;
    const wrong = table.flatMap((row) => {
      const live = settings.get(row.name);
      if (live === undefined || major < row.since || major > row.until) return [];
      return disagreements(row, live).map((what) => `${row.name}: ${what}`);
    });
    expect(wrong).toEqual([]);
  });

  it('agree on which of them there are', () => {
    const { settings } = storyOf(major).first;
    const wrong = table.filter(({ name, since, until }) => settings.has(name) !== (since <= major && major <= until));
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });

  it.runIf(major === 18)('agree on the old words of log_connections, which has become a list', async () => {
    const { pod } = storyOf(major);
    const words = ['on', 'off', 'true', 'false', 'yes', 'no', '1', '0'];
    const ask = words.map((word) => `postgres -D "$d" -C log_connections -c log_connections=${word}`).join(' && ');
    await expect(pod.exec(['sh', '-c', `d=/var/lib/postgresql/data/pgdata; ${ask}`])).resolves.toBeTypeOf('string');
  });

  function disagreements(row: Row, live: LiveSetting): string[] {
    const words = row.type === 'enum' ? row.bounds.split(',') : [];
    return [
      ...(CLASS_OF[live.context] === row.change ? [] : [`${row.change}, context ${live.context}`]),
      ...(needsRestart(row.name) === (live.context === 'postmaster') ? [] : ['needsRestart says otherwise']),
      ...(live.vartype === row.type || row.name === 'log_connections' ? [] : [`${row.type}, is ${live.vartype}`]),
      ...((live.unit ?? '-') === row.unit ? [] : [`${row.unit}, is ${live.unit}`]),
      ...(isWithin(row, live) ? [] : [`${row.bounds}, is ${live.min_val}..${live.max_val}`]),
      ...words.filter((word) => !live.enumvals?.includes(word)).map((word) => `${word} is none of ${live.enumvals}`),
    ];
  }

  function isWithin({ type, bounds }: Row, { min_val, max_val }: LiveSetting): boolean {
    if (type !== 'integer' && type !== 'real') return true;
    const [low, high] = bounds.split('..').map(Number);
    return Number(low) >= Number(min_val) && Number(high) <= Number(max_val);
  }
});
