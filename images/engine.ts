import type { Suite } from './catalog.ts';

/** What a program that builds images must do for us. */
export interface Engine {
  readonly name: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Identity of the base image of a suite, without work; undefined until it exists. */
  readBaseId(suite: Suite): Promise<string | undefined>;
  /** Makes or fetches the base image if it is missing, and says which it is. */
  prepareBase(suite: Suite, logFile: string): Promise<string>;
  /** Builds one image and writes it as an OCI archive; returns the digest of its manifest. */
  build(job: BuildJob): Promise<string>;
  /** Frees what the builds left behind. */
  tidy(logFile: string): Promise<void>;
}

export interface BuildJob {
  readonly reference: string;
  /** Absolute paths. */
  readonly dockerfile: string;
  readonly context: string;
  readonly archive: string;
  readonly logFile: string;
  readonly installsPackages: boolean;
  /** The recipe's own; those of the engine come on top. */
  readonly buildArgs: Readonly<Record<string, string>>;
}
