import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CUSTOMIZATIONS, OUR_FOLDER } from '../../deploy/argocd/customizations.ts';
import { ensureArgoCd } from '../cluster/programs/tools.ts';
import { runArgoCdTests } from './argocd-own-tests.ts';

/** deploy/argocd as Argo CD itself takes it: the folder by its own tests, the ConfigMap by its own program. */
const deploy = join(import.meta.dirname, '..', '..', 'deploy', 'argocd');
const folder = join(deploy, OUR_FOLDER);
const read = <T>(path: string): T => parse(readFileSync(join(folder, path), 'utf8')) as T;

const { tests: healthTests } = read<{
  tests: Array<{ inputPath: string; healthStatus: { status: string; message: string } }>;
}>('health_test.yaml');
const { discoveryTests, actionTests } = read<{
  discoveryTests: Array<{ inputPath: string; result: Array<{ name: string; disabled: boolean }> }>;
  actionTests: Array<{ action: string; inputPath: string; expectedOutputPath?: string; expectedErrorMessage?: string }>;
}>('actions/action_test.yaml');

describe("Argo CD's own tests", () => {
  it('pass over the folder that upstream takes', { timeout: 30 * 60_000 }, async () => {
    const ends = await runArgoCdTests(join(deploy, CUSTOMIZATIONS));
    expect(ends.filter(({ passed }) => !passed).map(({ name, output }) => `${name}\n${output}`)).toEqual([]);
    expect(ends).toHaveLength(healthTests.length + discoveryTests.length + actionTests.length);
  });
});

describe('the patch of argocd-cm', () => {
  let program = '';
  beforeAll(async () => {
    program = (await ensureArgoCd()).program;
  });

  /** What `argocd admin settings …` prints with the patch as Argo CD's whole configuration. */
  async function settings(...args: string[]): Promise<string> {
    const command = ['admin', 'settings', ...args, '--argocd-cm-path', join(deploy, 'argocd-cm.yaml')];
    const env = { ...process.env, ARGOCD_BINARY_NAME: 'argocd' };
    return (await promisify(execFile)(program, command, { env })).stdout;
  }
  const of = (what: string, path: string, ...more: string[]) =>
    settings('resource-overrides', what, join(folder, path), ...more);

  it('is read without a complaint', async () => {
    expect(await settings('validate', '--group', 'resource-overrides')).toContain('✅ resource-overrides');
  });

  it.each(healthTests)('says the health of $inputPath', async ({ inputPath, healthStatus: { status, message } }) => {
    expect(await of('health', inputPath)).toBe(`STATUS: ${status}\nMESSAGE: ${message}\n`);
  });

  it.each(discoveryTests)('offers for $inputPath what makes sense, and nothing else', async ({ inputPath, result }) => {
    const offered = (await of('list-actions', join('actions', inputPath))).split('\n').slice(1).filter(Boolean);
    const wanted = result.map(({ name, disabled }) => `${name} ${disabled}`);
    expect(offered.map((line) => line.replace(/ +/, ' ').trim()).sort()).toEqual(wanted.sort());
  });

  it.each(actionTests.filter(({ expectedOutputPath }) => expectedOutputPath !== undefined))(
    'changes by $action an annotation and nothing else',
    async ({ action, inputPath }) => {
      const lines = (await of('run-action', join('actions', inputPath), action)).split('\n');
      const changed = lines.filter((line) => /^[<>]/.test(line)).map((line) => line.slice(1).trim());
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.filter((line) => !/^(annotations:( \{\})?|performance\.bahamm\.ir\/.*)$/.test(line))).toEqual([]);
    },
  );
});
