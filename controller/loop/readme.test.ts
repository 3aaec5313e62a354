import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('the example of the README runs as it stands there', () => {
  const folder = import.meta.dirname;
  const [, code = ''] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? [];
  const options = { cwd: folder, encoding: 'utf8', timeout: 20_000 } as const;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', code], options);
  expect(stderr).toBe('');
  expect(stdout).toBe("Map(2) { 'kitchen' => 20, 'attic' => 20 } { cutOff: [] }\n");
});
