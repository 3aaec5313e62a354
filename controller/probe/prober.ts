import { probeEdge } from './edge.ts';
import { probePostgres } from './postgres.ts';
import type { Proof } from './proof.ts';
import { unreachable } from './proof.ts';

/** A running process and what it is expected to have loaded. */
export interface Asked {
  readonly tier: 'edge' | 'postgres';
  /** Changes when another process runs in its place. */
  readonly process: string;
  readonly ip: string;
  /** Hash of the configuration that lies ready for it. */
  readonly expected: string | undefined;
  /** A database: names of the settings that it is asked about. */
  readonly settings?: readonly string[] | undefined;
}

/** User and password of the database's monitoring role. */
export interface MonitorLogin {
  readonly username: string;
  readonly password: string;
}

/** How to get the login; called only when a database is really asked. */
export type ReadLogin = () => Promise<MonitorLogin | undefined>;

/** Asks running processes what they have loaded, and remembers their answers. */
export interface Prober {
  /** Proofs by `process`. Never throws for a process that does not answer, and takes at most a few seconds. */
  readonly prove: (asked: readonly Asked[], readLogin: ReadLogin, signal: AbortSignal) => Promise<Map<string, Proof>>;
  /** Drops what a process has said, so that it is asked again and its answer taken as it is. */
  readonly forget: (process: string) => void;
}

/** How processes are asked; replaced in tests. */
export interface Probes {
  readonly edge: typeof probeEdge;
  readonly postgres: typeof probePostgres;
}

/** What was heard of a process and when. */
interface Heard {
  readonly proof: Proof;
  readonly atMs: number;
}

/** A process that has loaded what it should is asked again this seldom. */
const REASK_MS = 600_000;
/** One that has not, this often at most. */
const CHASE_MS = 200;
/** One that did not answer, this often at most. */
const RETRY_MS = 2_000;
/** What nobody asked about for so long is forgotten. */
const FORGET_MS = 3_600_000;

/** The processes themselves. */
export const REAL_PROBES: Probes = { edge: probeEdge, postgres: probePostgres };

/** A prober without memory. */
export function createProber(nowMs: () => number, probes: Probes = REAL_PROBES): Prober {
  const heard = new Map<string, Heard>();

  const ask = async (target: Asked, readLogin: ReadLogin, signal: AbortSignal): Promise<Proof> => {
    const before = heard.get(target.process);
    if (before !== undefined && isStillGood(before, target.expected, nowMs())) return before.proof;
    const said = await question(probes, target, readLogin, signal);
    // The same process cannot unload what it has loaded: one missed answer later takes nothing away from the proof.
    // One that does not let us in any more is another matter: it will not say what it loads next.
    const mute = said.unreachable !== undefined && said.loginRefused !== true;
    const lost = mute && before?.proof.loaded !== undefined;
    const proof = lost ? before.proof : said;
    heard.set(target.process, { proof, atMs: nowMs() });
    return proof;
  };

  return {
    prove: async (asked, readLogin, signal) => {
      const entries = await Promise.all(
        asked.map(async (target) => [target.process, await ask(target, readLogin, signal)] as const),
      );
      for (const [process, { atMs }] of heard) if (nowMs() - atMs > FORGET_MS) heard.delete(process);
      return new Map(entries);
    },
    forget: (process) => {
      heard.delete(process);
    },
  };
}

/** Whether an earlier answer will do. Pure. */
export function isStillGood({ proof, atMs }: Heard, expected: string | undefined, nowMs: number): boolean {
  const age = nowMs - atMs;
  if (proof.unreachable !== undefined) return age < RETRY_MS;
  const settled = proof.loaded !== undefined && proof.loaded === expected && proof.refusal === undefined;
  return age < (settled ? REASK_MS : CHASE_MS);
}

async function question(probes: Probes, target: Asked, readLogin: ReadLogin, signal: AbortSignal): Promise<Proof> {
  if (target.tier === 'edge') return probes.edge({ ip: target.ip }, signal);
  const login = await readLogin();
  if (login === undefined) return unreachable('its monitoring Secret is missing or incomplete');
  return probes.postgres({ ip: target.ip, settings: target.settings, ...login }, signal);
}
