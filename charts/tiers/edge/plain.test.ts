import { describe, expect, it } from 'vitest';
import { knobsOf } from '../../../crds/knob.ts';
import { edgeSchema } from '../../../crds/tiers/edge.ts';
import { valuesOf } from '../../kit/nginx-reader.ts';
import { confOf, guideWith, httpOf } from './fixtures.ts';

const guide = guideWith({});
const blockOf = {
  main: confOf(guide),
  events: confOf(guide).find(({ words }) => words[0] === 'events')?.children ?? [],
  http: httpOf(guide),
};

describe('plain directives', () => {
  const plain = knobsOf(edgeSchema).filter(({ knob }) => knob.target.block !== undefined);

  it.each(plain.map(({ path, knob }) => [path, knob.target] as const))('%s stands in its block, once', (_, target) => {
    expect(valuesOf(blockOf[target.block ?? 'http'], target.key)).toHaveLength(1);
  });

  it('are written in the unit of nginx', () => {
    expect(valuesOf(blockOf.main, 'worker_rlimit_nofile')).toEqual([['5120']]);
    expect(valuesOf(blockOf.events, 'multi_accept')).toEqual([['on']]);
    expect(valuesOf(blockOf.http, 'keepalive_timeout')).toEqual([['75s']]);
    expect(valuesOf(blockOf.http, 'client_max_body_size')).toEqual([['10m']]);
    expect(valuesOf(blockOf.http, 'gzip_min_length')).toEqual([['1000']]);
  });
});
