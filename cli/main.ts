#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { keepCompiledCode } from './compile-cache.ts';

/** The process around the tool: arguments in, text and exit code out. */

// Only what is imported after this profits from it.
keepCompiledCode();
const { pitcrew } = await import('./pitcrew.ts');
const { terminalOf } = await import('./terminal.ts');

// `pitcrew render … | head` closes the pipe early, which is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  const { code, stdout, stderr } = await pitcrew(process.argv.slice(2), {
    terminal: terminalOf(process.stdout, process.env),
    errors: terminalOf(process.stderr, process.env),
    readStdin: () => text(process.stdin),
  });
  if (stderr !== undefined) process.stderr.write(stderr);
  if (stdout !== undefined) process.stdout.write(stdout);
  process.exitCode = code;
} catch (error) {
  // Not 1, which would say that the profile is refused.
  process.exitCode = 2;
  const trace = error instanceof Error ? error.stack : String(error);
  process.stderr.write(
    `pitcrew: this is a mistake in pitcrew, not in what you wrote. Please report it with these lines:\n${trace}\n`,
  );
}
