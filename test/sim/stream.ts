import type { Random } from '../../controller/loop/clock.ts';
import { type Faults, lineFault } from './faults.ts';
import type { Host } from './host.ts';
import { between } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** The bytes of one watch on their way to a process, and what the network does to them. */
export interface Stream extends AsyncIterable<Uint8Array> {
  readonly line: (text: string) => void;
  /** As the server ends it. */
  readonly end: () => void;
  /** As the reader gives up, or the connection breaks. */
  readonly fail: (error: unknown) => void;
}

/** Where it runs. */
export interface StreamContext {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  readonly host: Host;
  readonly process: number;
}

type Item = { readonly bytes: Uint8Array } | { readonly ended: true } | { readonly error: unknown };

export const resetError = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

/** An open one without bytes. */
export function createStream(context: StreamContext): Stream {
  const { time, random, host } = context;
  const items: Item[] = [];
  let wake = Promise.withResolvers<void>();
  let lastAtMs = 0;
  let isSilent = false;
  let held: string | undefined;

  const arrive = (item: Item) => {
    items.push(item);
    wake.resolve();
  };
  // What is sent later arrives later: it is one connection.
  const send = (item: Item, delayMs: number) => {
    lastAtMs = Math.max(lastAtMs, time.nowMs() + delayMs);
    time.after(lastAtMs - time.nowMs(), () => host.deliver(() => arrive(item)));
  };
  const sendText = (text: string, delayMs = random() < 0.5 ? 0 : between(random, 0.5, 8)) =>
    send({ bytes: Buffer.from(text) }, delayMs);

  const strike = (text: string): void => {
    switch (lineFault(context.faults, random, context.process)) {
      case 'drop':
        return;
      case 'duplicate':
        sendText(text + text);
        return;
      case 'reorder':
        held = text;
        return;
      case 'delay':
        sendText(text, between(random, 500, 20_000));
        return;
      case 'truncate':
        sendText(text.slice(0, text.length / 2));
        send({ ended: true }, 0);
        return;
      case 'stall':
        isSilent = true;
        return;
      case 'reset':
        send({ error: resetError() }, 0);
        return;
      default:
        sendText(text);
    }
  };

  return {
    line: (text) => {
      if (isSilent) return;
      const before = held;
      held = undefined;
      strike(text);
      if (before !== undefined) sendText(before);
    },
    end: () => {
      if (!isSilent) send({ ended: true }, 1);
    },
    fail: (error) => arrive({ error }),
    [Symbol.asyncIterator]: async function* () {
      for (;;) {
        while (items.length === 0) {
          await wake.promise;
          wake = Promise.withResolvers();
        }
        const item = items.shift() as Item;
        if ('error' in item) throw item.error;
        if ('ended' in item) return;
        yield item.bytes;
      }
    },
  };
}
