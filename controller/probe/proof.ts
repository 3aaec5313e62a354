import type { LiveServer } from './live-server.ts';

/** What a running process said of itself. */
export interface Proof {
  /** Hash of the configuration that it has loaded; undefined: it did not say. */
  readonly loaded: string | undefined;
  /** Why it refused the newest configuration, in its own words. */
  readonly refusal: string | undefined;
  /** Settings that it will only take over with a restart. */
  readonly pendingRestart: readonly string[];
  /** A database: its version and the settings that it runs with. */
  readonly server?: LiveServer | undefined;
  /** Why it could not be asked. */
  readonly unreachable: string | undefined;
  /** It answered, and will not let us in. */
  readonly loginRefused?: boolean | undefined;
}

/** A process that gave no answer. */
export const unreachable = (why: string): Proof => ({
  loaded: undefined,
  refusal: undefined,
  pendingRestart: [],
  unreachable: why,
});

/** First line of an error, for people. Client libraries put neither passwords nor bodies there. */
export const reasonOf = (error: unknown): string => {
  const said = error instanceof Error ? error.message : String(error);
  return (said.split('\n')[0] ?? '').slice(0, 200) || 'no answer';
};
