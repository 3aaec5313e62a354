import type { Terminal } from './terminal.ts';

/** What a command leaves behind. 0: fine. 1: the profile is refused. 2: nothing was judged (wrong usage, unreadable file or cluster). */
export interface Outcome {
  readonly code: 0 | 1 | 2;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** The world around a command, handed in so that tests need no process. */
export interface Surroundings {
  /** Of standard output; errors are written for `errors`. */
  readonly terminal: Terminal;
  readonly errors: Terminal;
  readonly readStdin: () => Promise<string>;
}

/** What was asked of a command: its positional arguments, and its options by their long names. */
export interface Request {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | undefined>>;
}

export type Run = (request: Request, around: Surroundings) => Promise<Outcome>;

/** The command line was not understood, or names something that cannot be read. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
