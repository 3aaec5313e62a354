/** What an import is made from. Pure: whoever calls it reads the files. */

/** A file by the name under which the user knows it. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

export type Role = 'edge' | 'backend' | 'frontend' | 'postgres';

/** What `importStack` needs. */
export interface Sources {
  readonly compose: SourceFile;
  readonly nginx?: SourceFile | undefined;
  readonly dotenv?: SourceFile | undefined;
  /** Services that the user names for a role, where they are not to be guessed. */
  readonly chosen: Readonly<Partial<Record<Role, string>>>;
  /** Name of the profile. Left out: that of the compose project. */
  readonly name?: string | undefined;
  /** Namespace of the profile. Left out: as the profile is called. */
  readonly namespace?: string | undefined;
  /** Name of the folder of the compose file, after which compose calls a project that has no name. */
  readonly folder: string;
  /** A file that the compose file names (`env_file`, `extends`), or undefined where there is none. */
  readonly beside: (path: string) => SourceFile | undefined;
  /** The files that an `include` of nginx means; none where they are not there. */
  readonly included: (pattern: string) => readonly SourceFile[];
}

/** A file that cannot be understood at all, so that nothing is imported. Names file, line and way out, and quotes nothing. */
export class UnreadableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnreadableError';
  }
}
