import { describe, expect, it } from 'vitest';
import { ADOPT_RENDERING } from '../../crds/annotations.ts';
import type { Status } from '../../crds/status.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { KubeObject } from '../cluster/port.ts';
import { OWNER, PROFILE, SYNTHESIS } from './fixtures.ts';
import { pinOf, renderingInUse } from './pinning.ts';
import { packed, recordOf } from './rendering.ts';

const RECORD = recordOf(SYNTHESIS);
const profileLike = (generation: number, annotations = {}) =>
  ({ ...PROFILE, metadata: { ...PROFILE.metadata, generation, annotations } }) as unknown as KubeObject;
const STATUS: Status = { renderVersion: '1.0.0', rendering: { generation: 3, digest: RECORD.digest } };

describe('a rendering is pinned', () => {
  const pinned = { version: '1.0.0', digest: RECORD.digest };
  it.each([
    ['of another version, of this generation', profileLike(3), STATUS, '1.1.0', pinned],
    ['also when the operator went back', profileLike(3), STATUS, '0.9.0', pinned],
    [
      'whatever version of the past it was told to take',
      profileLike(3, { [ADOPT_RENDERING]: '1.0.9' }),
      STATUS,
      '1.1.0',
      pinned,
    ],
    ['not when it is our own', profileLike(3), STATUS, '1.0.0', undefined],
    ['not after an edit', profileLike(4), STATUS, '1.1.0', undefined],
    ['not when told to take ours', profileLike(3, { [ADOPT_RENDERING]: '1.1.0' }), STATUS, '1.1.0', undefined],
    ['not when none is in force', profileLike(3), {}, '1.1.0', undefined],
  ] as const)('%s', (_what, profile, status, running, pin) => {
    expect(pinOf({ profile, status }, running)).toEqual(pin);
  });
});

describe('the rendering in use', () => {
  const other: Synthesis = {
    ...SYNTHESIS,
    objects: SYNTHESIS.objects.slice(1),
    effective: SYNTHESIS.effective.map((entry) => (entry.path === 'backend.workers' ? { ...entry, value: 9 } : entry)),
  };
  const status: Status = {
    ...STATUS,
    effective: [{ path: 'backend.workers', value: '2', source: 'user' }],
    connections: { peak: 7, steady: 3, usable: 90, summary: '7/90' },
  };

  async function inUse(rendering: string | undefined, synthesis = other) {
    const asked: string[] = [];
    const tools = {
      renderVersion: '1.1.0',
      cluster: {
        get: async (_kind: string, { name }: { name: string }) => {
          asked.push(name);
          return rendering === undefined ? undefined : { data: { rendering } };
        },
      },
      log: { warn: () => asked.push('warned') },
    } as unknown as Parameters<typeof renderingInUse>[0];
    const pinnable = { owner: OWNER, profile: profileLike(3), status, synthesis };
    return { asked, ...(await renderingInUse(tools, pinnable, new AbortController().signal)) };
  }

  it('is the one of the revision, with the values that were in force', async () => {
    const { synthesis, record, renderVersion, available, asked } = await inUse(packed(RECORD.text));
    expect(asked).toEqual([`shop-${RECORD.digest.slice(0, 8)}`]);
    expect(record).toEqual(RECORD);
    expect([renderVersion, available]).toEqual(['1.0.0', '1.1.0']);
    expect(synthesis.objects).toEqual(SYNTHESIS.objects);
    expect(synthesis.effective).toMatchObject([{ path: 'backend.workers', value: '2', source: 'user' }]);
    expect(synthesis.connections).toMatchObject({ peak: 7, usable: 90 });
    expect(synthesis.findings.at(-1)).toMatchObject({ id: 'RENDER-01', severity: 'Info' });
  });

  it('is our own where it is the same, and nothing is read', async () => {
    const { synthesis, renderVersion, asked } = await inUse(undefined, SYNTHESIS);
    expect(synthesis).toBe(SYNTHESIS);
    expect(renderVersion).toBe('1.1.0');
    expect(asked).toEqual([]);
  });

  it.each([
    ['is gone', undefined],
    ['cannot be read', 'nonsense'],
    ['is another one', packed(RECORD.text.replace('shop/backend:1', 'evil'))],
  ])('is our own when the record %s', async (_what, rendering) => {
    const { synthesis, renderVersion, asked } = await inUse(rendering);
    expect(synthesis).toBe(other);
    expect(renderVersion).toBe('1.1.0');
    expect(asked).toContain('warned');
  });
});
