import type { Endpoint } from '../../controller/cluster/config.ts';
import { createTransport } from '../../controller/cluster/transport.ts';
import { createElection, type Election } from '../../controller/leader/election.ts';
import { LEASE_NAME, leaseAt } from '../../controller/leader/lease.ts';
import type { Log } from '../../controller/log.ts';
import { type Clock, pause, type Random } from '../../controller/loop/clock.ts';
import { type Operator, startOperator } from '../../controller/reconcile/operator.ts';
import type { synthesize } from '../../synth/synthesize.ts';
import { createHost, type Host } from './host.ts';
import { createNetwork, type NetworkOptions, type Traffic } from './network.ts';
import type { Puppets } from './puppets.ts';
import { between } from './random.ts';

/** The namespace of the operator itself. */
export const OPERATOR_NAMESPACE = 'pitcrew-system';

/** A pod of the operator: a process that is started again whenever it ends. */
export interface Replica {
  readonly identity: string;
  /** Of the running process; between two of them, of the last one. */
  readonly host: () => Host;
  /** As SIGTERM. */
  readonly terminate: () => void;
  /** Kills the process when this many more writes were done, or when that many have arrived and before the next is done. */
  readonly killAt: (writes: number, done: boolean) => void;
  /** How long each synthesis takes. */
  synthesisMs: number;
}

/** What a replica lives in. */
export interface ReplicaOptions extends Omit<NetworkOptions, 'host' | 'traffic'> {
  readonly puppets: Puppets;
  /** False: one process that needs no Lease. */
  readonly elects: boolean;
  readonly clockRate: number;
  readonly synthesize: typeof synthesize;
  readonly watched: Pick<Traffic, 'left' | 'done'> & {
    readonly write: (method: string, path: string, body: string) => void;
  };
}

/** Everything goes by our own pools, so the address is never used. */
export const ENDPOINT: Endpoint = {
  server: 'http://api.invalid',
  namespace: OPERATOR_NAMESPACE,
  readCredentials: async () => ({ headers: {}, tls: {}, tlsFingerprint: '' }),
};

const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => silent,
};

interface Run {
  readonly host: Host;
  readonly election: Election | undefined;
  operator: Operator | undefined;
}

/** Starts its first process at once. */
export function startReplica(options: ReplicaOptions): Replica {
  const { time, random, process } = options;
  const identity = `pitcrew-${process}`;
  const death = { afterWrites: Number.POSITIVE_INFINITY, done: true };
  let run: Run | undefined;

  const traffic = (host: Host): Traffic => ({
    left: options.watched.left,
    arriving: (method, path, body) => {
      if (!death.done && countdown(death)) {
        host.kill();
        return false;
      }
      options.watched.write(method, path, body);
      return true;
    },
    done: (method, path) => {
      options.watched.done(method, path);
      if (death.done && countdown(death)) host.kill();
    },
  });
  const boot = () => {
    const host = createHost(time, options.clockRate);
    host.onKill(() => time.after(between(random, 500, 8_000), boot));
    run = startProcess(replica, options, host, traffic(host));
  };
  const replica: Replica = {
    identity,
    synthesisMs: 0,
    host: () => (run as Run).host,
    terminate: () => {
      if (run?.host.isAlive()) terminate(run, time);
    },
    killAt: (writes, done) => {
      Object.assign(death, { afterWrites: writes, done });
      if (writes === 0) run?.host.kill();
    },
  };
  boot();
  return replica;
}

function countdown(death: { afterWrites: number }): boolean {
  death.afterWrites -= 1;
  if (death.afterWrites > 0) return false;
  death.afterWrites = Number.POSITIVE_INFINITY;
  return true;
}

/** As `main` wires it. */
function startProcess(replica: Replica, options: ReplicaOptions, host: Host, traffic: Traffic): Run {
  const { random, puppets } = options;
  const { clock, now } = host;
  const ask = async ({ ip }: { readonly ip: string }) => {
    await pause(clock, 2);
    return puppets.ask(ip);
  };
  const pools = createNetwork({ ...options, host, traffic });
  const election = options.elects ? candidacy(replica.identity, host, pools, random) : undefined;
  const run: Run = { host, election, operator: undefined };
  startOperator({
    endpoint: ENDPOINT,
    config: { namespaces: undefined, stallAfterMs: 600_000, workers: 2 },
    log: silent,
    version: '0.0.0-sim',
    synthesize: (profile, facts) => {
      if (replica.synthesisMs > 0) host.pause(replica.synthesisMs);
      return options.synthesize(profile, facts);
    },
    probes: { edge: ask, postgres: ask },
    election,
    ground: { clock, random, now, pools },
  }).then((operator) => {
    run.operator = operator;
  }, host.kill);
  return run;
}

function candidacy(identity: string, host: Host, pools: ReturnType<typeof createNetwork>, random: Random): Election {
  const { clock, now } = host;
  const store = leaseAt(createTransport({ endpoint: ENDPOINT, clock, pools }), {
    namespace: OPERATOR_NAMESPACE,
    name: LEASE_NAME,
  });
  return createElection({ store, identity, onLost: host.kill, clock, random, now });
}

/** Longer than a pass may take to end; then the kubelet loses patience. */
const GRACE_MS = 40_000;

function terminate({ host, operator, election }: Run, time: Clock): void {
  time.after(GRACE_MS, host.kill);
  const stop = async () => {
    await operator?.stop();
    await election?.release();
    host.kill();
  };
  stop().catch(host.kill);
}
