import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, TruncatedLineError } from './lines.ts';

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function collect(chunks: readonly Uint8Array[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(stream(chunks), () => undefined)) lines.push(line);
  return lines;
}

const bytes = (text: string) => Buffer.from(text, 'utf8');

/** Cuts at the given places, which may be inside of a character. */
function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...at, whole.length];
  return edges.slice(1).map((end, index) => whole.subarray(edges[index], end));
}

describe('linesOf', () => {
  it('gives the same lines wherever the chunks are cut', async () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), async (lines, places) => {
        const whole = bytes(lines.map((text) => `${text}\n`).join(''));
        expect(await collect(cut(whole, places))).toEqual(lines.map((text) => bytes(text).toString('utf8')));
      }),
    );
  });

  it.each([
    ['an unfinished line', [bytes('{"a":1}\n{"b"')]],
    ['an unfinished character', [Buffer.from([0xc3])]],
  ])('throws on %s', async (_what, chunks) => {
    await expect(collect(chunks)).rejects.toBeInstanceOf(TruncatedLineError);
  });

  it('tells of every chunk', async () => {
    let count = 0;
    for await (const _ of linesOf(stream([bytes('a'), bytes('b\n')]), () => (count += 1)));
    expect(count).toBe(2);
  });
});
