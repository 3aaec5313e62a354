import { describe, expect, it } from 'vitest';
import { DEFAULT_FACTS } from '../charts/facts.ts';
import { knobsOf } from '../crds/knob.ts';
import { type Profile, specSchema } from '../crds/performance-profile.ts';
import { synthesize } from '../synth/synthesize.ts';
import { effectOf } from './effect.ts';
import { detailText, overviewText } from './explain-text.ts';
import { type Explanation, explainProfile } from './explanation.ts';
import { fieldsOfSpec } from './schema-field.ts';

const terminal = { columns: 100, colour: false };
const profile: Profile = {
  apiVersion: 'performance.bahamm.ir/v1alpha1',
  kind: 'PerformanceProfile',
  metadata: { name: 'shop', namespace: 'prod' },
  spec: {
    edge: { hosts: ['shop.example'], upstreamKeepalive: { timeoutSeconds: 40 } },
    backend: { image: 'shop:1', workers: 3 },
    postgres: { storage: { size: '20Gi' } },
  },
};
const synthesis = synthesize(profile, DEFAULT_FACTS);
const fields = fieldsOfSpec();
const explained = (path: string) => explainProfile(profile, synthesis, fields, path);
const one = (path: string): Explanation => explained(path).fields[0] as Explanation;

describe('explainProfile', () => {
  it('says all about a derived value', () => {
    expect(one('backend.keepAliveSeconds')).toMatchObject({
      value: 55,
      source: 'derived',
      rule: expect.stringMatching(/^[A-Z]+-?[0-9]+$/),
      formula: expect.stringContaining('edge.upstreamKeepalive.timeoutSeconds'),
      formulaWithNumbers: expect.stringContaining('40 + 15'),
      inputs: [{ path: 'edge.upstreamKeepalive.timeoutSeconds', value: 40, source: 'user' }],
      bounds: 'a whole number from 1 to 650',
      unit: 'seconds',
      target: { file: 'gunicorn', key: '--keep-alive' },
      change: 'rolling',
      effect: expect.stringContaining('New backend pods'),
    });
  });

  it('a value of the user has no formula, a default says where it comes from', () => {
    expect(one('backend.workers')).toMatchObject({ value: 3, source: 'user' });
    expect(one('backend.workers')).not.toHaveProperty('formula');
    expect(one('backend.replicas')).toMatchObject({
      value: 1,
      source: 'default',
      default: 1,
      basis: expect.any(String),
    });
  });

  it('knows fields that are no tunables, and fields without a value', () => {
    expect(one('backend.image')).toMatchObject({ value: 'shop:1', source: 'user' });
    expect(one('backend.port')).toMatchObject({ source: 'unset', description: expect.stringContaining('8000') });
    expect(one('frontend.image')).toMatchObject({ source: 'unset' });
  });

  it('a prefix is all fields below it, an empty one all tunables', () => {
    const below = explained('postgres.parameters').fields.map(({ path }) => path);
    expect(below).toContain('postgres.parameters.sharedBuffers');
    expect(below.every((path) => path.startsWith('postgres.parameters.'))).toBe(true);
    expect(explained('').fields.map(({ path }) => path)).toEqual(knobsOf(specSchema).map(({ path }) => path));
  });

  it('every derived value shows a number in its formula or its inputs', () => {
    const derived = explained('').fields.filter(({ source }) => source === 'derived');
    expect(derived.length).toBeGreaterThan(5);
    for (const { path, formulaWithNumbers } of derived)
      expect(formulaWithNumbers, path).not.toMatch(/undefined|NaN|\[object/);
  });
});

describe('explain for people', () => {
  it('lists what is in force, a line each', () => {
    const text = overviewText(terminal, explained(''), 'shop.yaml');
    expect(text).toMatch(/^ {2}workers +3 +user$/m);
    expect(text).toMatch(/^ {2}keepAliveSeconds +55 +derived {2}40 \+ 15/m);
    expect(text).not.toContain('unset');
    const legend = text.indexOf('user: written');
    expect(
      text
        .slice(0, legend)
        .split('\n')
        .filter((line) => line.length > 100),
    ).toEqual([]);
  });

  it('says all about one', () => {
    expect(detailText(terminal, explained('backend.keepAliveSeconds'))).toMatch(
      /^backend\.keepAliveSeconds = 55 {2}\(derived by .*\n {2}formula .*\n.* = 40 \+ 15.* = 55\n {2}from .* = 40 \(user\)\n {2}bounds .*\n {2}default .*\n {2}basis .*\n {2}lands in {3}gunicorn: --keep-alive\n {2}a change {3}\(rolling\) New backend pods/s,
    );
  });

  it('names the findings that the field is part of', () => {
    const leaking = {
      ...profile,
      spec: { ...profile.spec, backend: { ...profile.spec.backend, keepAliveSeconds: 5 } },
    };
    const found = explainProfile(leaking, synthesize(leaking, DEFAULT_FACTS), fields, 'backend.keepAliveSeconds');
    expect(detailText(terminal, found)).toMatch(/finding +INV-06 \(\w+\): /);
  });
});

describe('effectOf', () => {
  it('says for every tunable what a change of it does, in one sentence', () => {
    for (const { path, knob } of knobsOf(specSchema)) {
      expect(effectOf(path, knob.change), path).toMatch(/^[A-Zn][^.<]*\.$/);
    }
    expect(effectOf('edge.cache.maxSize', 'rolling')).toContain('cache starts empty');
    expect(effectOf('postgres.parameters.workMem', 'reload')).not.toContain('nginx');
    expect(effectOf('requestDeadlineSeconds', 'rolling')).toMatch(/^New pods/);
  });
});
