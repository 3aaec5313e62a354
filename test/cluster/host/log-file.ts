import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { lastLines } from './run.ts';

const tailBytes = 64 * 1024;
const linesShown = 8;

/** Lines that tell why a program failed: klog errors and fatals, panics, and what says so in words. */
const telling = /^[EF]\d{4} |panic|fatal|\berror\b|\bfailed\b|cannot|unable to|refused/i;

/** A program that was called wrongly prints all its flags, and what they say about errors says nothing about this one. */
const flagHelp = /^\s+(-|--)[a-z]/;

/** The last lines of a program's log that tell why it failed; its very last lines when none does. */
export function relevantLines(text: string): string[] {
  const tellingLines = text.split('\n').filter((line) => telling.test(line) && !flagHelp.test(line));
  const chosen = tellingLines.length > 0 ? tellingLines.slice(-linesShown) : lastLines(text, linesShown);
  return chosen.map((line) => (line.length > 400 ? `${line.slice(0, 400)}…` : line));
}

/** The end of a log file, from a place in it on. */
export function logTail(path: string, from: number): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const size = fstatSync(file).size;
    const start = Math.max(from, size - tailBytes);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(file, buffer, 0, buffer.length, start);
    return buffer.toString();
  } finally {
    closeSync(file);
  }
}
