import fc from 'fast-check';
import { CALL_FAULTS, type CallFault, LINE_FAULTS, type LineFault } from './faults.ts';
import type { Wish } from './wish.ts';

/** How somebody meddles with a child. */
export const MEDDLING = ['delete', 'edit', 'unlabel', 'forceApply', 'annotate', 'disown'] as const;

/** One thing that happens. */
export type Action =
  | { readonly do: 'edit'; readonly profile: number; readonly wish: Wish }
  | { readonly do: 'delete'; readonly profile: number; readonly propagation: 'Background' | 'Foreground' | 'Orphan' }
  | { readonly do: 'recreate'; readonly profile: number; readonly wish: Wish }
  | { readonly do: 'request'; readonly profile: number }
  | { readonly do: 'meddle'; readonly profile: number; readonly pick: number; readonly how: (typeof MEDDLING)[number] }
  | ({ readonly do: 'calls'; readonly fault: CallFault; readonly on: 'all' | 'reads' | 'writes' } & Lasting)
  | ({ readonly do: 'lines'; readonly fault: LineFault } & Lasting)
  | { readonly do: 'compact'; readonly aloud: boolean }
  | { readonly do: 'stale'; readonly by: number; readonly forMs: number }
  | { readonly do: 'kill'; readonly process: number; readonly afterWrites: number; readonly done: boolean }
  | { readonly do: 'terminate'; readonly process: number }
  | { readonly do: 'pause'; readonly process: number; readonly forMs: number }
  | { readonly do: 'jump'; readonly process: number; readonly byMs: number }
  | { readonly do: 'slowSynthesis'; readonly process: number; readonly ms: number; readonly forMs: number }
  | { readonly do: 'lease'; readonly how: 'delete' | 'edit' }
  | { readonly do: 'namespace'; readonly backAfterMs: number }
  | { readonly do: 'stranger'; readonly profile: number; readonly pick: number };

interface Lasting {
  readonly share: number;
  readonly process: number | undefined;
  readonly forMs: number;
}

/** What happens in a world, and when. The same schedule always makes the same story. */
export interface Schedule {
  /** Of all that chance decides: delays, what a fault strikes. */
  readonly seed: number;
  readonly replicas: number;
  /** What the profiles are at first. */
  readonly wishes: readonly Wish[];
  readonly steps: readonly { readonly atMs: number; readonly action: Action }[];
}

/** Everything that goes wrong goes wrong before. */
export const FAULTS_END_MS = 60_000;

const wish = (): fc.Arbitrary<Wish> =>
  fc.record({
    rate: fc.integer({ min: 1, max: 3 }),
    workers: fc.integer({ min: 1, max: 2 }),
    image: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 1, max: 2 }) },
      { weight: 1, arbitrary: fc.constantFrom('throws' as const, 'rejected' as const) },
    ),
    migrates: fc.boolean(),
    frontend: fc.boolean(),
    database: fc.constantFrom('Managed', 'External'),
    suspended: fc.integer({ min: 0, max: 11 }).map((drawn) => drawn === 11),
    invalid: fc.integer({ min: 0, max: 15 }).map((drawn) => drawn === 15),
  });

const profile = fc.integer({ min: 0, max: 1 });
const process = fc.integer({ min: 0, max: 1 });
const forMs = fc.integer({ min: 100, max: 30_000 });
const anyProcess = fc.option(process, { nil: undefined });
const share = fc.constantFrom(0.1, 0.3, 0.6, 1);

const action = (): fc.Arbitrary<Action> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('edit'), profile, wish: wish() }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('delete'),
        profile,
        propagation: fc.constantFrom('Background', 'Foreground', 'Orphan'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('recreate'), profile, wish: wish() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('request'), profile }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('meddle'),
        profile,
        pick: fc.nat(15),
        how: fc.constantFrom(...MEDDLING),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('calls'),
        fault: fc.constantFrom(...CALL_FAULTS),
        on: fc.constantFrom('all', 'reads', 'writes'),
        share,
        process: anyProcess,
        forMs,
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('lines'),
        fault: fc.constantFrom(...LINE_FAULTS),
        share,
        process: anyProcess,
        forMs,
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('compact'), aloud: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('stale'), by: fc.integer({ min: 1, max: 30 }), forMs }) },
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('kill'), process, afterWrites: fc.nat(23), done: fc.boolean() }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('terminate'), process }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('pause'), process, forMs }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('jump'), process, byMs: fc.constantFrom(-3_600_000, 3_600_000) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('slowSynthesis'), process, ms: fc.constantFrom(20, 500, 4_000), forMs }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('lease'), how: fc.constantFrom('delete', 'edit') }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('namespace'), backAfterMs: fc.integer({ min: 1, max: 20_000 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('stranger'), profile, pick: fc.nat(15) }) },
  ) as fc.Arbitrary<Action>;

/** An edit, and right after it, in the middle of the work, something that ends the work, or makes it another one. */
const interruptions = (): fc.Arbitrary<Schedule['steps']> =>
  fc
    .record({
      atMs: fc.nat(FAULTS_END_MS / 2),
      afterMs: fc.integer({ min: 1, max: 60 }),
      edit: fc.record({ do: fc.constant('edit' as const), profile, wish: wish() }),
      interruption: fc.oneof(
        fc.record({ do: fc.constant('pause' as const), process, forMs: fc.integer({ min: 9_000, max: 29_000 }) }),
        fc.record({ do: fc.constant('terminate' as const), process }),
        fc.record({ do: fc.constant('edit' as const), profile, wish: wish() }),
        fc.record({ do: fc.constant('delete' as const), profile, propagation: fc.constant('Orphan' as const) }),
      ),
    })
    .map(({ atMs, afterMs, edit, interruption }) => [
      { atMs, action: edit },
      { atMs: atMs + afterMs, action: interruption },
    ]);

const steps = (): fc.Arbitrary<Schedule['steps']> => {
  const single = fc.record({ atMs: fc.nat(FAULTS_END_MS - 1), action: action() }).map((step) => [step]);
  const groups = fc.oneof({ weight: 8, arbitrary: single }, { weight: 1, arbitrary: interruptions() });
  return fc.array(groups, { maxLength: 11 }).map((all) => all.flat());
};

/** Any schedule of up to some dozen steps. */
export const schedules = (): fc.Arbitrary<Schedule> =>
  fc.record({
    seed: fc.noShrink(fc.nat()),
    replicas: fc.constantFrom(1, 1, 2),
    wishes: fc.array(wish(), { minLength: 1, maxLength: 2 }),
    steps: steps(),
  });
