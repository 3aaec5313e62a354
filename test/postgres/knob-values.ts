import fc from 'fast-check';
import type { z } from 'zod';
import { wordOf } from '../../charts/kit/words.ts';
import { knobsOf, type PlacedKnob } from '../../crds/knob.ts';
import { postgresSchema } from '../../crds/tiers/postgres.ts';
import { formatPgSize, pgKilobytes } from '../../crds/units.ts';
import { arbitraryOf } from '../support/arbitrary.ts';
import type { LiveSetting, LiveSettings } from './live-settings.ts';

/** The knobs of postgresql.conf, and values for them that follow from what a server says, so that a new knob is tested without a word here. */
export const CONF_KNOBS: readonly PlacedKnob[] = knobsOf(postgresSchema, 'postgres').filter(
  ({ knob }) => knob.target.file === 'postgresql.conf' && knob.target.key !== '*',
);

/** Those of roles.sql, which are parameters of the server, too. */
export const ROLE_KNOBS: readonly PlacedKnob[] = knobsOf(postgresSchema, 'postgres').filter(
  ({ knob }) => knob.target.file === 'roles.sql',
);

export const isKnownTo = (major: number, { knob }: PlacedKnob): boolean => (knob.since ?? 0) <= major;

/** How a change of the knob reaches a server of this major. */
export const changeClass = (major: number, { knob }: PlacedKnob): string =>
  knob.reloadSince !== undefined && major >= knob.reloadSince ? 'reload' : knob.change;

const KB_PER_UNIT: Readonly<Record<string, number>> = { B: 1 / 1024, kB: 1, '8kB': 8, MB: 1024 };

/** A value of the knob by the number that pg_settings would give. */
export function knobValue({ vartype, unit }: LiveSetting, number: number): string | number {
  const kilobytes = KB_PER_UNIT[unit ?? ''];
  if (kilobytes !== undefined) return formatPgSize(number * kilobytes);
  return vartype === 'real' ? String(Number(number.toFixed(4))) : number;
}

/** A value of the knob as pg_settings gives it once it is in force. */
export function settingOf({ knob }: PlacedKnob, { vartype, unit }: LiveSetting, value: unknown): string {
  const kilobytes = KB_PER_UNIT[unit ?? ''];
  if (kilobytes !== undefined) return String(Math.round(pgKilobytes(String(value)) / kilobytes));
  const word = wordOf(knob, value);
  return vartype === 'real' || vartype === 'integer' ? String(Number(word)) : word;
}

/** Another legal value than the one in force, close to it. */
export function otherValue({ path, knob, schema }: PlacedKnob, live: LiveSetting): unknown {
  const now = Number(live.setting);
  const kilobytes = KB_PER_UNIT[live.unit ?? ''];
  const step = kilobytes === undefined ? (live.vartype === 'real' ? 0.1 : 1) : Math.max(1, 1024 / kilobytes);
  const candidates = [
    ...Object.keys(knob.words ?? {}).filter((option) => wordOf(knob, option) !== live.setting),
    ...[now + step, now - step].map((number) => knobValue(live, number)),
  ];
  const found = candidates.find((value) => schema.safeParse(value).success);
  if (found === undefined) throw new Error(`no other value for ${path}, which is ${live.setting} now`);
  return found;
}

/** Other values for these knobs. */
export function otherValues(knobs: readonly PlacedKnob[], settings: LiveSettings): Record<string, unknown> {
  return Object.fromEntries(knobs.map((placed) => [placed.path, otherValue(placed, liveOf(placed, settings))]));
}

export function liveOf({ path, knob }: PlacedKnob, settings: LiveSettings): LiveSetting {
  const live = settings.get(knob.target.key);
  if (live === undefined) throw new Error(`${path}: the server knows no ${knob.target.key}`);
  return live;
}

/** Values that the schema lets through and the server would not take: just outside of its bounds, or none of its words. */
export function refusedByServer({ knob, schema }: PlacedKnob, live: LiveSetting): unknown[] {
  const words = live.enumvals ?? (live.vartype === 'bool' ? ['on', 'off'] : []);
  const options = Object.keys(knob.words ?? {}).filter((option) => !words.includes(wordOf(knob, option)));
  const numbers = [
    ...(live.min_val === null ? [] : [Number(live.min_val) - stepOf(live)]),
    ...(live.max_val === null ? [] : [Number(live.max_val) + stepOf(live)]),
  ];
  const outside = numbers.map((number) => knobValue(live, number));
  return [...options, ...outside].filter((value) => schema.safeParse(value).success);
}

const stepOf = ({ vartype }: LiveSetting): number => (vartype === 'real' ? 0.0001 : 1);

/** Values that the schema lets through, the same in each run. */
export const someValues = (schema: z.ZodType): unknown[] => fc.sample(arbitraryOf(schema), { numRuns: 8, seed: 15 });
