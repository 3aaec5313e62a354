import { describe, expect, it } from 'vitest';
import type { Finding } from '../../charts/findings.ts';
import type { Status } from '../../crds/status.ts';
import { ERROR_FINDING, PROFILE, SYNTHESIS } from './fixtures.ts';
import { gateOf, keptAdmission, wasAdmitted } from './gate.ts';

const status = (valid: 'True' | 'False', observedGeneration: number): Status => ({
  observedGeneration,
  conditions: [
    { type: 'Valid', status: valid, reason: 'Accepted', message: '', observedGeneration, lastTransitionTime: '' },
  ],
});
const judged = (findings: readonly Finding[], recorded: Status) =>
  keptAdmission({ ...SYNTHESIS, findings }, recorded, 3).findings;

describe('admission', () => {
  it('is of one generation', () => {
    expect(wasAdmitted(status('True', 3), 3)).toBe(true);
    expect(wasAdmitted(status('True', 2), 3)).toBe(false);
    expect(wasAdmitted(status('False', 3), 3)).toBe(false);
    expect(wasAdmitted({}, 3)).toBe(false);
  });

  it('stays, whatever comes up later; what came up is said', () => {
    const [kept] = judged([ERROR_FINDING], status('True', 3));
    expect(kept).toMatchObject({ id: 'INV-05', severity: 'Warning', fix: ERROR_FINDING.fix, acknowledged: false });
    expect(kept?.message).toMatch(/^240 connections; 92 are left\. This came up after the profile had been admitted/);
    expect(gateOf(PROFILE, [kept as Finding])).toEqual({ kind: 'open' });
  });

  it.each([
    ['an edit', status('True', 2)],
    ['what was refused', status('False', 3)],
    ['what is new', {}],
  ])('is not given to %s', (_what, recorded) => {
    expect(judged([ERROR_FINDING], recorded)).toEqual([ERROR_FINDING]);
  });

  it('changes nothing about what refuses nobody', () => {
    const mild: Finding[] = [
      { ...ERROR_FINDING, severity: 'Info' },
      { ...ERROR_FINDING, acknowledged: true },
    ];
    expect(judged(mild, status('True', 3))).toEqual(mild);
  });
});

describe('a refusal', () => {
  const room: Finding = { ...ERROR_FINDING, id: 'INV-14' };

  it('waits for room where it would not be one alone in the cluster', () => {
    expect(gateOf(PROFILE, [room], () => [])).toMatchObject({ kind: 'refused', waitsForRoom: true });
    expect(gateOf(PROFILE, [room], () => [room])).toMatchObject({ waitsForRoom: false });
    expect(gateOf(PROFILE, [room, ERROR_FINDING], () => [ERROR_FINDING])).toMatchObject({ waitsForRoom: false });
  });
});
