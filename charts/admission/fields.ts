import { defaultOf, type KnobPath } from '../effective.ts';
import { type Cel, cel, define, raw } from './cel.ts';

/** Fields of a profile in CEL. */

/** Whether the user has said anything about a field. */
export const given = (path: KnobPath): Cel => raw(`${optional(path)}.hasValue()`);

/** What the user said of a field. An error where he said nothing: ask `given` first. */
export const said = (path: KnobPath): Cel => raw(`object.spec.${path}`);

/** The value of a field: what the user said, else what is derived, else the default of the schema. */
export function value(path: KnobPath, derived?: Cel | string | number | readonly string[]): Cel {
  const otherwise = cel`${derived ?? (defaultOf(path) as string | number | readonly string[])}`;
  return define(nameOf(path), raw(`${optional(path)}.orValue(${otherwise.text})`, otherwise));
}

/** `backend.pool.size` → `backendPoolSize`. */
export const nameOf = (path: string): string =>
  path.replaceAll(/\.([a-z])/g, (_, letter: string) => letter.toUpperCase());

const optional = (path: string): string => ['object.spec', ...path.split('.').map((name) => `?${name}`)].join('.');
