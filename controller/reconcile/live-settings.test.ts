import { describe, expect, it } from 'vitest';
import { pgKilobytes } from '../../crds/units.ts';
import type { LiveServer, LiveSetting } from '../probe/live-server.ts';
import type { Proof } from '../probe/proof.ts';
import { OWNER, PROFILE, podLike, SYNTHESIS } from './fixtures.ts';
import { type Heard, liveSettings, settingsToAsk } from './live-settings.ts';
import { processKey } from './pod-digest.ts';

/** The rest is tested with real servers. */

const WORK_MEM: LiveSetting = {
  name: 'work_mem',
  value: '65536',
  unit: 'kB',
  type: 'integer',
  context: 'user',
  source: 'configuration file',
  file: '/var/lib/postgresql/data/pgdata/postgresql.auto.conf',
  min: '64',
  max: '2147483647',
  words: [],
  pending: false,
};

const effectiveWorkMem = String(SYNTHESIS.effective.find(({ path }) => path === 'postgres.parameters.workMem')?.value);
const pod = podLike('postgres');
const heard = (server: Partial<LiveServer>, proof: Partial<Proof> = {}): Heard => {
  const said: Proof = {
    loaded: SYNTHESIS.configHashes.postgres,
    refusal: undefined,
    pendingRestart: [],
    unreachable: undefined,
    server: { major: 18, settings: [], overrides: [], ...server },
    ...proof,
  };
  return { profile: PROFILE, pods: [podLike('edge'), pod], proofs: new Map([[processKey(pod), said]]) };
};
const found = (...about: Parameters<typeof heard>) =>
  liveSettings(SYNTHESIS, heard(...about)).findings.slice(SYNTHESIS.findings.length);

describe('a server that runs something else', () => {
  it('is told beside the findings of the rule book, and never refuses the profile', () => {
    expect(found({ settings: [WORK_MEM] })).toMatchObject([
      { id: 'PG-04', severity: 'Warning', path: 'postgres.parameters.workMem', acknowledged: false },
    ]);
  });

  it('is not judged by what it was not asked to run', () => {
    expect(found({ settings: [WORK_MEM] }, { loaded: 'an older one' })).toEqual([]);
    expect(found({ settings: [WORK_MEM] }, { loaded: undefined })).toEqual([]);
    expect(found({ settings: [{ ...WORK_MEM, name: 'bonjour' }] })).toEqual([]);
  });

  it('is not judged by what it waits with for our own restart', () => {
    const shared = { ...WORK_MEM, name: 'shared_buffers', context: 'postmaster', file: '', pending: true };
    expect(found({ settings: [shared] })).toEqual([]);
  });

  it('is not judged by a session that began before the file was read again', () => {
    const old = { ...WORK_MEM, context: 'superuser-backend', file: '' };
    expect(found({ settings: [old] })).toEqual([]);
    expect(found({ settings: [{ ...old, context: 'sighup' }] })).toMatchObject([{ id: 'INV-22' }]);
    expect(found({ settings: [{ ...old, file: WORK_MEM.file }] })).toMatchObject([{ id: 'PG-04' }]);
  });

  it('is not judged by what it chooses itself, or by what only our session has', () => {
    for (const source of ['override', 'session', 'user', 'database', 'client'])
      expect(found({ settings: [{ ...WORK_MEM, source }] })).toEqual([]);
  });

  it('changes nothing while it says nothing', () => {
    expect(liveSettings(SYNTHESIS, heard({}, { server: undefined }))).toBe(SYNTHESIS);
    expect(liveSettings(SYNTHESIS, { ...heard({}), pods: [] })).toBe(SYNTHESIS);
    const same = { ...WORK_MEM, value: String(pgKilobytes(effectiveWorkMem)) };
    expect(liveSettings(SYNTHESIS, heard({ settings: [same] }))).toBe(SYNTHESIS);
  });

  it('says the same each time', () => {
    expect(found({ settings: [WORK_MEM] })).toEqual(found({ settings: [WORK_MEM] }));
  });

  it('that has refused a value of our own file says so', () => {
    expect(found({ settings: [{ ...WORK_MEM, file: '', source: 'default' }] })).toMatchObject([
      { id: 'INV-22', fix: expect.stringContaining('log of the database') },
    ]);
  });

  it('is told in a few words, however much it says', () => {
    const overrides = Array.from({ length: 100 }, () => ({
      name: 'jit',
      value: 'on\n\u0000',
      role: 'app',
      database: '',
    }));
    const findings = found({ overrides });
    expect(findings).toHaveLength(20);
    expect(findings.at(-1)?.message).toBe('81 more settings run otherwise than the profile says');
    expect(findings.every(({ message }) => !/\p{Cc}/u.test(message))).toBe(true);
  });
});

describe('the names that a server is asked about', () => {
  const asked = (spec: unknown) => settingsToAsk({ apiVersion: '', kind: '', metadata: OWNER as never, spec });
  it('are those that a profile can set, and its own', () => {
    const names = asked({ postgres: { extraParameters: [{ name: 'temp_file_limit', value: '1GB' }] } });
    expect(names).toEqual(expect.arrayContaining(['work_mem', 'fsync', 'jit', 'statement_timeout', 'temp_file_limit']));
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeLessThan(100 - 30);
  });

  it.each([
    undefined,
    1,
    {},
    { postgres: null },
    { postgres: { extraParameters: 7 } },
    { postgres: { extraParameters: [null, 1, {}, { name: "a'" }] } },
  ])('are also there for a profile of any other form: %j', (spec) => {
    expect(asked(spec)).toEqual(asked({}));
  });
});
