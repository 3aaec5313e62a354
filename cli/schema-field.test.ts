import { describe, expect, it } from 'vitest';
import { knobsOf } from '../crds/knob.ts';
import { specSchema } from '../crds/performance-profile.ts';
import { boundsText, fieldsOfSpec, readableSizes } from './schema-field.ts';

const fields = fieldsOfSpec();
const bounds = (path: string) => boundsText(fields.get(path)?.schema ?? {});

describe('fields', () => {
  it('are all that the schema has, lists with their items', () => {
    for (const { path } of knobsOf(specSchema)) expect(fields.has(path), path).toBe(true);
    expect(fields.get('backend.env[].name')?.required).toBe(true);
    expect(fields.get('backend.workers')?.required).toBe(false);
  });

  it.each([
    ['backend.workers', 'a whole number from 1 to 32'],
    ['backend.pool.delivery', 'one of Environment, Inject'],
    ['edge.hosts', 'a list of 1 to 50, each a host name in lower case: shop.example'],
    ['postgres.parameters.sharedBuffers', 'a size between 128kB and 1TB in kB, MB, GB or TB (powers of 1024)'],
    ['postgres.storage.size', 'the size of a volume: 20Gi'],
    ['suspend', 'true or false'],
  ])('%s takes %s', (path, expected) => {
    expect(bounds(path)).toBe(expected);
  });

  it('no tunable answers with a regular expression alone', () => {
    const raw = knobsOf(specSchema).filter(({ path }) => bounds(path).startsWith('text of the form'));
    expect(raw.map(({ path }) => path)).toEqual([]);
  });

  it('writes sizes as people do', () => {
    expect(readableSizes('from 128kB to 2147483647kB, 1048576kB')).toBe('from 128kB to just under 2TB, 1GB');
  });
});
