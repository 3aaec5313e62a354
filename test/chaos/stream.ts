import type { IncomingMessage, ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import type { Asked } from './asked.ts';

/** One line of a watch, as the API server sent it. */
export interface Line {
  readonly text: string;
  /** ADDED, MODIFIED, DELETED, BOOKMARK, ERROR. */
  readonly type: string;
  /** Of the object. */
  readonly name: string;
}

/** One watch of the operator, on its way through. */
export interface Stream {
  readonly asked: Asked;
  /** Bytes as they are, a line's end among them. */
  readonly send: (text: string) => void;
  /** As a server ends a watch whose time is over. */
  readonly end: () => void;
  /** As a peer that has crashed. */
  readonly reset: () => void;
}

/** What becomes of a line; true: the fault has seen to it, nobody else shall. */
export type LineFault = (line: Line, stream: Stream) => boolean;

/** Passes on a watch line by line; `faults` is asked anew for each, so a fault also meets streams that are open. */
export function passLines(from: IncomingMessage, stream: Stream, faults: () => readonly LineFault[]): void {
  const lines = createInterface({ input: from });
  lines.on('line', (text) => {
    const active = faults();
    const line = active.length === 0 ? undefined : lineOf(text);
    const taken = line !== undefined && active.some((fault) => fault(line, stream));
    if (!taken) stream.send(`${text}\n`);
  });
  // A server that dies in mid-line tells so by the connection, and the operator shall hear it in the same way.
  from.on('end', stream.end);
  lines.on('error', stream.reset);
}

/** Answers with the head of a watch, at once: the operator takes that for the acceptance. */
export function openStream(asked: Asked, response: ServerResponse, reset: () => void): Stream {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  return { asked, send: (text) => response.write(text), end: () => response.end(), reset };
}

function lineOf(text: string): Line {
  const { type, object } = JSON.parse(text) as { type: string; object?: { metadata?: { name?: string } } };
  return { text, type, name: object?.metadata?.name ?? '' };
}
