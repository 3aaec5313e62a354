import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { alignedLines, flow, specLines } from './spec-lines.ts';

describe('lines to paste', () => {
  it('nest by path, with what stands there now behind them', () => {
    const lines = specLines(
      { 'backend.pool.size': 6, 'backend.pool.maxOverflow': 5, requestDeadlineSeconds: 60 },
      (path) => (path.endsWith('size') ? 'now 10' : undefined),
    );
    expect(alignedLines(lines)).toEqual([
      'backend:',
      '  pool:',
      '    size: 6  # now 10',
      '    maxOverflow: 5',
      'requestDeadlineSeconds: 60',
    ]);
  });

  it.each([['0.9'], ['yes'], ['1Gi'], [['a: b', 3]], [true], [4096], ['@x']])('%j is read back as it is', (value) => {
    const text = alignedLines(specLines({ 'a.b': value }, () => 'now x')).join('\n');
    expect(parse(text)).toEqual({ a: { b: value } });
    expect(flow(value)).not.toContain('\n');
  });
});
