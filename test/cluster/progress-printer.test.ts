import { describe, expect, test } from 'vitest';
import { step } from './host/progress.ts';
import { progressPrinter } from './progress-printer.ts';

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { written, isTTY, columns: 40, write: (text: string) => written.push(text) };
}

describe('progress', () => {
  test('a terminal has one line that is written over until the step ends', () => {
    const terminal = screen(true);
    const print = progressPrinter(terminal);
    print({ state: 'begin', text: 'building etcd (1 of 2)', elapsedMs: 0 });
    print({ state: 'tick', text: 'building etcd (1 of 2)', elapsedMs: 2000 });
    print({ state: 'done', text: 'building etcd (1 of 2)', elapsedMs: 2500 });
    expect(terminal.written.join('').split('\n')).toHaveLength(2);
    expect(terminal.written.at(-1)).toContain('✓ building etcd (1 of 2)  2.5 s\n');
  });

  test('a log has plain lines, and none for what is over at once', () => {
    const log = screen(false);
    const print = progressPrinter(log);
    print({ state: 'begin', text: 'a', elapsedMs: 0 });
    print({ state: 'done', text: 'a', elapsedMs: 10 });
    print({ state: 'tick', text: 'b', elapsedMs: 1000 });
    print({ state: 'done', text: 'b', elapsedMs: 4000 });
    expect(log.written).toEqual(['✓ b  4.0 s\n']);
  });

  test('a step that fails says so and throws on', async () => {
    const log = screen(false);
    const failing = step(progressPrinter(log), 'starting etcd', () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(log.written.join('')).toMatch(/✗ starting etcd/);
  });
});
