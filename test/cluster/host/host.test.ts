import { describe, expect, test } from 'vitest';
import { relevantLines } from './log-file.ts';
import { mountsBelow, parseMounts } from './mounts.ts';
import { isAlive, parseStat, processOf } from './process-table.ts';
import { run } from './run.ts';
import { together } from './together.ts';
import { waitUntil } from './wait.ts';

describe('processes', () => {
  const line = `42 (a (strange) name) S ${Array.from({ length: 18 }, (_, i) => i + 1).join(' ')} 98765 rest`;

  test('a name with brackets and spaces does not shift the fields', () => {
    expect(parseStat(line)).toEqual({ pid: 42, startTime: '98765', state: 'S' });
    expect(parseStat('')).toBeUndefined();
  });

  test('another process with the same pid is not the same process', () => {
    const self = processOf(process.pid);
    expect(self && isAlive(self)).toBe(true);
    expect(isAlive({ pid: process.pid, startTime: '1' })).toBe(false);
  });
});

describe('mounts', () => {
  const table = parseMounts(
    [
      '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
      '42 27 254:0 /x /s/a/ns rw,relatime - ext4 /dev/vda rw',
      '43 42 0:4 mnt:[1] /s/a/ns/mnt rw shared:3 - nsfs nsfs rw',
      '44 27 0:5 / /s/a\\040b rw - tmpfs tmpfs rw',
    ].join('\n'),
  );

  test('are undone from the deepest up, and not those of a neighbour', () => {
    expect(mountsBelow('/s/a', table)).toEqual(['/s/a/ns/mnt', '/s/a/ns']);
    expect(mountsBelow('/s/a b', table)).toEqual(['/s/a b']);
  });
});

describe('what a failed program said', () => {
  test('errors are picked out of a long log', () => {
    const log = ['I1124 start', 'E1124 10:00:00 no such file', ...Array.from({ length: 50 }, () => 'I1124 idle')];
    expect(relevantLines(log.join('\n'))).toEqual(['E1124 10:00:00 no such file']);
  });

  test('without any, the last lines are shown', () => {
    expect(relevantLines('one\ntwo\n\n')).toEqual(['one', 'two']);
  });

  test('a command that fails is named, with its code and its words', async () => {
    await expect(run('sh', ['-c', 'echo out of luck >&2; exit 3'])).rejects.toThrow(
      /sh -c .*exit code 3\n {2}out of luck/,
    );
    await expect(run('no-such-program', [])).rejects.toThrow(/no-such-program/);
  });

  test('a condition that never holds ends with its last word', async () => {
    await expect(waitUntil('node', 10, () => 'not registered', 1)).rejects.toThrow(
      'node: not after 0.01 s (not registered)',
    );
  });
});

test('a failure among jobs side by side is told only when the others have ended', async () => {
  let ended = false;
  const slow = new Promise<void>((resolve) => {
    setTimeout(() => {
      ended = true;
      resolve();
    }, 30);
  });
  await expect(together(Promise.reject(new Error('first')), slow)).rejects.toThrow('first');
  expect(ended).toBe(true);
});
