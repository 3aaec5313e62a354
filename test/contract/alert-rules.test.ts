import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert, Series } from '../../deploy/monitoring/alert.ts';
import { ALERTS } from '../../deploy/monitoring/rules.ts';
import { run } from '../cluster/host/run.ts';
import { ensureMonitoringProgram } from '../monitoring/programs.ts';

/** Prometheus's own promtool reads the rules, and sees each alert fire, wait for its time, and stay silent. */

const rules = join(import.meta.dirname, '..', '..', 'deploy', 'monitoring', 'rules.yaml');
let promtool: string;
let folder: string;

beforeAll(async () => {
  promtool = await ensureMonitoringProgram('promtool');
  folder = mkdtempSync(join(tmpdir(), 'pitcrew-rules-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a stack that is well looks like. */
const WELL: readonly Series[] = [
  ['up{job="pitcrew"}', '1x2000'],
  ['leader_election_master_status{name="pitcrew",instance="a"}', '1x2000'],
  ['leader_election_master_status{name="pitcrew",instance="b"}', '0x2000'],
];

/** Whole minutes of a duration as the rules write them. */
const minutesOf = (duration: string): number => {
  const minutes = { m: 1, h: 60, d: 1_440 }[duration.slice(-1)];
  return Number.parseInt(duration, 10) * (minutes ?? Number.NaN);
};

interface Moment {
  readonly minutes: number;
  /** Names of the alerts that fire then. */
  readonly firing: readonly string[];
}

function testCase(series: readonly Series[], moments: readonly Moment[]): object {
  return {
    interval: '1m',
    input_series: series.map(([name, values]) => ({ series: name, values })),
    promql_expr_test: moments.map(({ minutes, firing }) => ({
      expr: 'count by (alertname) (ALERTS{alertstate="firing"})',
      eval_time: `${minutes}m`,
      exp_samples: firing.map((alertname) => ({ labels: `{alertname="${alertname}"}`, value: 1 })),
    })),
  };
}

async function runTests(tests: readonly object[]): Promise<string> {
  const file = join(folder, 'tests.json');
  writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '1m', tests }));
  return run(promtool, ['test', 'rules', file]);
}

/** Series that the case says something else of are left out of what is well. */
const around = ({ fires }: Alert): Series[] => {
  const told = new Set(fires.map(([series]) => series));
  return WELL.filter(([series]) => !told.has(series));
};

describe('the rules', () => {
  it('are read by Prometheus', async () => {
    expect(await run(promtool, ['check', 'rules', rules])).toContain(`${ALERTS.length} rules found`);
  });

  it('are silent while all is well', async () => {
    await runTests([
      testCase(WELL, [
        { minutes: 0, firing: [] },
        { minutes: 1_600, firing: [] },
      ]),
    ]);
  });

  it.each(ALERTS.map((alert) => [alert.name, alert] as const))('%s fires after its time', async (name, alert) => {
    const pending = minutesOf(alert.holds) > 0 ? [{ minutes: minutesOf(alert.holds) - 1, firing: [] }] : [];
    // A rate needs its window, and what is looked at over a day needs the day.
    const late = minutesOf(alert.holds) + (name === 'PitcrewSuspended' ? 1_500 : 61);
    await runTests([testCase([...around(alert), ...alert.fires], [...pending, { minutes: late, firing: [name] }])]);
  });

  it('are each fired by their cause in a story as well', () => {
    const stories = ['monitoring', 'operator'].map((file) =>
      readFileSync(join(import.meta.dirname, '..', 'monitoring', `${file}.test.ts`), 'utf8'),
    );
    const untold = ALERTS.filter(({ name }) => !stories.some((text) => text.includes(`'${name}'`)));
    expect(untold.map(({ name }) => name)).toEqual([]);
  });

  it('say which profile, and what to do', () => {
    const text = readFileSync(rules, 'utf8');
    for (const { summary, runbook } of ALERTS) {
      expect(summary.endsWith('.'), summary).toBe(true);
      expect(runbook.length, runbook).toBeGreaterThan(80);
      expect(text).toContain(summary.slice(0, 40));
    }
  });
});
