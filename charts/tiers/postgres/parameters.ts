import { knobsOf, type PlacedKnob } from '../../../crds/knob.ts';
import { postgresSchema } from '../../../crds/tiers/postgres.ts';
import type { KnobPath } from '../../effective.ts';
import { confLine } from '../../kit/postgres-conf.ts';
import { wordOf } from '../../kit/words.ts';
import { needsRestart } from '../../postgres-settings.ts';
import { type PostgresVersion, postgresVersion } from '../../postgres-version.ts';
import type { Stack } from '../../stack.ts';

/** The lines of postgresql.conf that follow from the profile: each knob is one, then what the user adds. */

const EXTRA = 'postgres.extraParameters';
const CONF_KNOBS: readonly PlacedKnob[] = knobsOf(postgresSchema, 'postgres').filter(
  ({ path, knob }) => knob.target.file === 'postgresql.conf' && path !== EXTRA,
);

export function parameterLines(stack: Stack): string[] {
  return [...knobLines(stack), ...extraLines(stack, () => true)];
}

/** Those of which a change needs a restart of the server. */
export function restartLines(stack: Stack): string[] {
  return [...knobLines(stack, needsRestartOf(stack)), ...extraLines(stack, needsRestart)];
}

/** Whether the user sets a parameter himself, which otherwise we choose. */
export const isReplaced = (stack: Stack, name: string): boolean =>
  (stack.spec.postgres.extraParameters ?? []).some((extra) => extra.name === name);

/**
 * Whether the server knows what came with this major. Where the image does not tell its version, only what the
 * user asks for himself is believed to be known: an unknown name would keep the server from starting.
 */
export function isKnown(stack: Stack, since: number | undefined, askedFor: boolean): boolean {
  if (since === undefined) return true;
  const version = versionOf(stack);
  return version.told ? version.major >= since : askedFor;
}

const versionOf = (stack: Stack): PostgresVersion => postgresVersion(stack.value('postgres.image'));

function needsRestartOf(stack: Stack): (placed: PlacedKnob) => boolean {
  const { major, told } = versionOf(stack);
  return ({ knob }) =>
    knob.change === 'restart' && !(told && knob.reloadSince !== undefined && major >= knob.reloadSince);
}

function knobLines(stack: Stack, picks: (placed: PlacedKnob) => boolean = () => true): string[] {
  return CONF_KNOBS.filter(picks).flatMap(({ path, knob }) => {
    const entry = stack.effective.entry(path as KnobPath);
    if (entry === undefined || !isKnown(stack, knob.since, entry.source === 'user')) return [];
    return [confLine(knob.target.key, wordOf(knob, entry.value))];
  });
}

function extraLines(stack: Stack, picks: (name: string) => boolean): string[] {
  const extras = (stack.spec.postgres.extraParameters ?? []).filter(({ name }) => picks(name));
  return extras.map(({ name, value }) => confLine(name, value));
}
