import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withBuilderLock } from './builder-lock.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'builder-lock-'));
});

afterEach(async () => rm(folder, { recursive: true }));

describe('withBuilderLock', () => {
  it('lets one work at a time, and tells the one who waits', async () => {
    const events: string[] = [];
    const work = (name: string) => async () => {
      events.push(`${name} starts`);
      await sleep(50);
      events.push(`${name} ends`);
    };
    const onWait = (holder: string) => void events.push(`waits for ${holder}`);
    await Promise.all([withBuilderLock(folder, onWait, work('a')), withBuilderLock(folder, onWait, work('b'))]);
    const [first, second] = events[0] === 'a starts' ? ['a', 'b'] : ['b', 'a'];
    const inOrder = [`${first} starts`, `${first} ends`, `${second} starts`, `${second} ends`];
    expect(events.filter((event) => !event.startsWith('waits'))).toEqual(inOrder);
    expect(events).toContain(`waits for ${process.pid}`);
  });

  it('goes when the work fails', async () => {
    const failing = withBuilderLock(
      folder,
      () => {},
      () => Promise.reject(new Error('no')),
    );
    await expect(failing).rejects.toThrow('no');
    expect(existsSync(join(folder, 'builder.lock'))).toBe(false);
  });

  it.each([
    ['a process that has ended', () => `${spawnSync('true').pid} 1`],
    ['a process whose number now belongs to another', () => `${process.pid} 1`],
  ])('is taken over from %s', async (_, holder) => {
    await writeFile(join(folder, 'builder.lock'), holder());
    expect(
      await withBuilderLock(
        folder,
        () => {},
        async () => 'done',
      ),
    ).toBe('done');
  });
});
