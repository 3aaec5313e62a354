import { describe, expect, it } from 'vitest';
import { OWNED_BY_SHOP, OWNER, PROFILE, SYNTHESIS, strayChild } from './fixtures.ts';
import { recordOf } from './rendering.ts';
import { planRevision } from './revision.ts';

const held = (hash: string, number: number, owner = OWNED_BY_SHOP) => {
  const child = strayChild(`ControllerRevision/shop-${hash}`);
  return [child.ref, { ...child, owner, state: { type: 'revision', number } as const }] as const;
};
const RECORD = { ...recordOf(SYNTHESIS), digest: 'aaaaaaaa99999999' };
const plan = (
  children: ReadonlyArray<readonly [string, ReturnType<typeof strayChild>]>,
  recorded = 0,
  profile = PROFILE,
) => planRevision({ profile, owner: OWNER, record: RECORD, renderVersion: '1.0.0', recorded }, new Map(children));

describe('the revision', () => {
  it('begins with 1 and holds the spec and the version that rendered it', () => {
    const { number, step } = plan([]);
    expect(number).toBe(1);
    expect(step).toMatchObject({
      kind: 'create',
      object: {
        metadata: { name: 'shop-aaaaaaaa' },
        revision: 1,
        data: { renderVersion: '1.0.0' },
      },
    });
    expect(JSON.parse(step.kind === 'create' ? step.object.data.spec : '')).toEqual(PROFILE.spec);
  });

  it('holds its content in bytes that the API server would write as they are', () => {
    const spec = { ...PROFILE.spec, edge: { ...PROFILE.spec.edge, note: 'a<b>&c\u2028' } } as typeof PROFILE.spec;
    const { step } = plan([], 0, { ...PROFILE, spec });
    const data = step.kind === 'create' ? step.object.data : undefined;
    expect(Object.keys(data ?? {})).toEqual(['renderVersion', 'rendering', 'spec']);
    expect(data?.rendering).toMatch(/^[A-Za-z0-9+/]+=*$/);
    expect(data?.spec).not.toMatch(/[<>&\u2028]/);
    const held = JSON.parse(data?.spec ?? '') as object;
    expect(Object.keys(held)).toEqual(['backend', 'edge', 'frontend', 'postgres']);
    expect(held).toEqual(spec);
  });

  it('stays while the same is wanted', () => {
    expect(plan([held('bbbbbbbb', 1), held('aaaaaaaa', 2)])).toMatchObject({ number: 2, step: { kind: 'keep' } });
  });

  it('grows with a change, also when all earlier ones are gone', () => {
    expect(plan([held('bbbbbbbb', 4)])).toMatchObject({ number: 5, step: { kind: 'create' } });
    expect(plan([], 7)).toMatchObject({ number: 8 });
  });

  it('renumbers one that is wanted again', () => {
    const { number, step } = plan([held('aaaaaaaa', 1), held('bbbbbbbb', 2)]);
    expect(number).toBe(3);
    expect(step).toMatchObject({ kind: 'renumber', child: { name: 'shop-aaaaaaaa' } });
  });

  it('does not count what the StatefulSet or another profile made', () => {
    const foreign = { ...OWNED_BY_SHOP, uid: 'other' };
    expect(plan([held('cccccccc', 9, foreign)])).toMatchObject({ number: 1, outdated: [] });
  });

  it('adopts what an orphaning deletion has left of the same content, and clears away the rest', () => {
    const orphan = (name: string) => ({
      ...strayChild(`ControllerRevision/${name}`),
      owner: undefined,
      state: { type: 'revision', number: 4 } as const,
    });
    const [same, other] = [orphan('shop-aaaaaaaa'), orphan('shop-bbbbbbbb')];
    expect(
      plan([
        [same.ref, same],
        [other.ref, other],
      ]),
    ).toMatchObject({
      number: 1,
      step: { kind: 'adopt', child: { name: same.name }, object: { revision: 1 } },
      orphans: [{ name: other.name }],
    });
    const ofAnother = { ...same, profile: 'other' };
    expect(plan([[same.ref, ofAnother]])).toMatchObject({ step: { kind: 'create' }, orphans: [] });
  });

  it('keeps the last ten', () => {
    const many = Array.from({ length: 12 }, (_, index) => held(`b${index}`, index + 1));
    expect(plan(many).outdated.map(({ name }) => name)).toEqual(['shop-b2', 'shop-b1', 'shop-b0']);
  });
});
