import { describe, expect, it } from 'vitest';
import { createCounter, createGauge, createHistogram, render } from './exposition.ts';

describe('the text for Prometheus', () => {
  it('has a help, a type and a line for each set of labels', () => {
    const counter = createCounter({ name: 'a_total', type: 'counter', labels: ['x', 'y'], help: 'What.' });
    counter.add({ x: '1', y: '2' });
    counter.add({ y: '2', x: '1' }, 2);
    counter.add({ x: '12', y: '' }, 0);
    expect(render([counter])).toBe(
      '# HELP a_total What.\n# TYPE a_total counter\na_total{x="1",y="2"} 3\na_total{x="12",y=""} 0\n',
    );
  });

  it('escapes what would end a label or a line', () => {
    const gauge = createGauge({ name: 'a', type: 'gauge', labels: ['x'], help: 'one\ntwo \\' }, () => [
      { labels: { x: 'say "\\"\n' }, value: Number.POSITIVE_INFINITY },
    ]);
    expect(render([gauge])).toBe('# HELP a one\\ntwo \\\\\n# TYPE a gauge\na{x="say \\"\\\\\\"\\n"} +Inf\n');
  });

  it('cumulates the buckets of a histogram; a bound belongs to its bucket', () => {
    const definition = { name: 'a', type: 'histogram', labels: [], help: 'What.', buckets: [1, 5] } as const;
    const histogram = createHistogram<never>(definition);
    for (const value of [0.5, 1, 2, 9]) histogram.observe({}, value);
    expect(render([histogram]).split('\n').slice(2, -1)).toEqual([
      'a_bucket{le="1"} 2',
      'a_bucket{le="5"} 3',
      'a_bucket{le="+Inf"} 4',
      'a_sum 12.5',
      'a_count 4',
    ]);
  });
});
