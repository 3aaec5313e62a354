import { StringDecoder } from 'node:string_decoder';

/** A stream ended in the middle of a line: whatever the line was, it is lost, and must be asked for again. */
export class TruncatedLineError extends Error {
  constructor() {
    super('the stream ended in the middle of a line');
    this.name = 'TruncatedLineError';
  }
}

/** Whole lines out of chunks cut anywhere, also inside of a character. Empty lines are left out. Throws TruncatedLineError. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, onBytes: () => void): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  // Parts, not one growing string with a search from its start: a line may come in a thousand chunks.
  let rest: string[] = [];
  for await (const chunk of chunks) {
    onBytes();
    const [head = '', ...more] = decoder
      .write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
      .split('\n');
    rest.push(head);
    for (const next of more) {
      const line = rest.join('');
      if (line !== '') yield line;
      rest = [next];
    }
  }
  if (rest.join('') !== '' || decoder.end() !== '') throw new TruncatedLineError();
}
