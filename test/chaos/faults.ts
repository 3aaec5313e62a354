import type { Asked } from './asked.ts';
import type { Fault } from './proxy.ts';
import type { Line, LineFault, Stream } from './stream.ts';

/** Faults as functions: of watches line by line, and of answers. */

/** Which line, of which watch. */
export type Which = (line: Line, asked: Asked) => boolean;

/** Lines of one object. */
export const about =
  (resource: string, name: string, type?: string): Which =>
  (line, asked) =>
    asked.resource === resource && line.name === name && (type === undefined || line.type === type);

/** The event is lost; what comes after it is told, so its absence does not show. */
export function drop(which: Which): { readonly fault: LineFault; readonly dropped: () => number } {
  let count = 0;
  const fault: LineFault = (line, { asked }) => {
    if (!which(line, asked)) return false;
    count += 1;
    return true;
  };
  return { fault, dropped: () => count };
}

/** The event is told twice. */
export const duplicate =
  (which: Which): LineFault =>
  (line, stream) => {
    if (!which(line, stream.asked)) return false;
    stream.send(`${line.text}\n${line.text}\n`);
    return true;
  };

/** The event is told after the one that followed it. */
export function reorder(which: Which): LineFault {
  const held = new Map<Stream, Line>();
  return (line, stream) => {
    const earlier = held.get(stream);
    if (earlier === undefined) {
      if (!which(line, stream.asked)) return false;
      held.set(stream, line);
      return true;
    }
    held.delete(stream);
    stream.send(`${line.text}\n${earlier.text}\n`);
    return true;
  };
}

/** Everything waits, in its order, until it is released. */
export function late(): { readonly fault: LineFault; readonly release: () => void } {
  const held: { readonly line: Line; readonly stream: Stream }[] = [];
  return {
    fault: (line, stream) => held.push({ line, stream }) > 0,
    release: () => {
      for (const { line, stream } of held.splice(0)) stream.send(`${line.text}\n`);
    },
  };
}

/** Not a byte more, bookmarks included; the connection stays. */
export const stall =
  (which: (stream: Stream) => boolean): LineFault =>
  (_line, stream) =>
    which(stream);

/** One byte at a time. */
export const drip: LineFault = (line, stream) => {
  for (const byte of `${line.text}\n`) stream.send(byte);
  return true;
};

/** Half of the line, then the end, as of a server that dies in mid-sentence. */
export function truncate(which: Which): LineFault {
  return once(which, ({ text }, stream) => {
    stream.send(text.slice(0, text.length / 2));
    stream.end();
  });
}

/** A line that is no JSON in the place of the event. */
export function garble(which: Which): LineFault {
  return once(which, ({ text }, stream) => stream.send(`${text.slice(0, -2)}\n`));
}

function once(which: Which, act: (line: Line, stream: Stream) => void): LineFault {
  let acted = false;
  return (line, stream) => {
    if (acted || !which(line, stream.asked)) return false;
    acted = true;
    act(line, stream);
    return true;
  };
}

/** The history is gone, told in the stream. */
export const GONE_LINE = `${JSON.stringify({
  type: 'ERROR',
  object: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Expired', code: 410, message: 'too old' },
})}\n`;

/** A refusal, with what it says about when to come again. */
export const refuse =
  (which: (asked: Asked) => boolean, status: number, retryAfterSeconds?: number): Fault =>
  (asked) => {
    if (!which(asked)) return undefined;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    const body = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message: 'chaos' };
    return (response) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
