import { hashOf } from '../../kit/hash.ts';
import type { Stack } from '../../stack.ts';
import { nginxConf } from './nginx-conf.ts';
import { RUN_SCRIPT, RUN_SCRIPT_TEXT } from './run-script.ts';

/** The files of the edge and their hash. */
export interface EdgeConfig {
  /** What the running nginx answers when it is asked what it has loaded (D11). */
  readonly hash: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Stands where the hash will, while it is computed. As long as a hash, and never one. */
const PLACEHOLDER = 'hash-of-this-file';

/** Renders the files. The hash covers every byte of them but itself. */
export function edgeConfig(stack: Stack): EdgeConfig {
  const hash = hashOf(nginxConf(stack, PLACEHOLDER), RUN_SCRIPT_TEXT);
  return { hash, files: { 'nginx.conf': nginxConf(stack, hash), [RUN_SCRIPT]: RUN_SCRIPT_TEXT } };
}
