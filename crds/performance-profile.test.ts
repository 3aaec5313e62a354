import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { knobsOf } from './knob.ts';
import { parseProfile, specSchema } from './performance-profile.ts';

const seed = parse(readFileSync(new URL('../examples/bahamm-seed.yaml', import.meta.url), 'utf8')) as object;

/** The seed with one field set to another value. */
function seedWith(path: string, value: unknown): unknown {
  const copy = structuredClone(seed) as Record<string, unknown>;
  const parts = path.split('.');
  const last = parts.pop() as string;
  let node = copy;
  for (const part of parts) node = node[part] as Record<string, unknown>;
  node[last] = value;
  return copy;
}

function issuePaths(raw: unknown): string[] {
  const parsed = parseProfile(raw);
  return 'issues' in parsed ? parsed.issues.map((issue) => issue.path) : [];
}

describe('parseProfile', () => {
  it('takes the guide literally', () => {
    expect(issuePaths(seed)).toEqual([]);
  });

  it.each([
    ['spec.backend.workers', 0, 'spec.backend.workers'],
    ['spec.backend.workers', 33, 'spec.backend.workers'],
    ['spec.backend.workers', 2.5, 'spec.backend.workers'],
    ['spec.edge.cache.api.ttlSeconds', '5m', 'spec.edge.cache.api.ttlSeconds'],
    ['spec.edge.hosts', ['bahamm.ir\nserver_name evil'], 'spec.edge.hosts.[0]'],
    ['spec.edge.cache.api.paths', ['/api/{x}'], 'spec.edge.cache.api.paths.[0]'],
    ['spec.edge.cache.api.privateCookies', ['a"; return 200'], 'spec.edge.cache.api.privateCookies.[0]'],
    ['spec.backend.surprise', 1, 'spec.backend'],
    ['spec.backend.maxRequestsJitter', 2000, 'spec.backend'],
    ['spec.postgres.parameters.workMem', '2621KB', 'spec.postgres.parameters.workMem'],
    ['spec.postgres.parameters.workMem', '1kB', 'spec.postgres.parameters.workMem'],
    ['spec.postgres.parameters.minWalSize', '4GB', 'spec.postgres.parameters'],
    [
      'spec.postgres.parameters.checkpointCompletionTarget',
      '1.5',
      'spec.postgres.parameters.checkpointCompletionTarget',
    ],
    ['spec.postgres.storage', undefined, 'spec.postgres'],
    ['spec.backend.resources.requests.cpu', '2', 'spec.backend.resources'],
    ['spec.policy.reason', undefined, 'spec.policy'],
    ['spec.edge.clientIdentity.source', 'XForwardedFor', 'spec.edge.clientIdentity'],
    ['metadata.name', '9lives', 'metadata.name'],
  ])('refuses %s = %j', (path, value, where) => {
    expect(issuePaths(seedWith(path, value)).map((found) => found.replace('.[', '.['))).toContain(
      where.replace('.[', '['),
    );
  });

  it('never throws, whatever it is given', () => {
    for (const raw of [null, undefined, 7, 'x', [], {}, { spec: null }, { metadata: [] }])
      expect('issues' in parseProfile(raw)).toBe(true);
  });
});

describe('every knob', () => {
  it.each(knobsOf(specSchema).map((placed) => [placed.path, placed] as const))('%s teaches', (_, { knob, schema }) => {
    expect(knob.description.length).toBeGreaterThan(20);
    expect(knob.description.endsWith('.')).toBe(true);
    expect(knob.source.length).toBeGreaterThan(3);
    expect(schema.isOptional(), 'nothing is defaulted into the spec').toBe(true);
    if (knob.default !== undefined)
      expect(schema.safeParse(knob.default).success, 'the default is within its own bounds').toBe(true);
  });
});
