import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Pace } from '../../deploy/monitoring/alert.ts';
import { rulesFile } from '../../deploy/monitoring/rules.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { waitFor } from '../support/kubectl.ts';
import { readRepositoryFile } from '../support/stage.ts';
import { ensureMonitoringProgram, type Program } from './programs.ts';

/**
 * A real Prometheus with our rules and our scrape jobs, and programs that it scrapes. All of them run in the network of
 * the cluster, where the addresses of pods are.
 */

/** What discovery in a cluster would have found: an address, and what it knows of the pod. */
export interface Target {
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface FiringAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

/** The rules as they are, looked at once a second: a day is ten seconds, five minutes are fifteen. */
export const QUICK: Pace = {
  holds: () => '1s',
  over: (duration) => ({ '1d': '10s', '1h': '8s', '30m': '5m' })[duration] ?? '15s',
};

/** A scrape job as Prometheus reads it, less where its targets are. */
export interface Job {
  readonly job_name: string;
  readonly [setting: string]: unknown;
}

/** Free in the network of a cluster of ours. */
export const PORTS = { prometheus: 19_090, nginx: 19_113, postgres: 19_187, mtail: 19_903 } as const;
const DEADLINE_MS = 30_000;

export class Prometheus {
  readonly #folder: string;
  readonly #cluster: Cluster;
  readonly #url: string;
  readonly #children: ChildProcess[] = [];

  private constructor(cluster: Cluster, folder: string, url: string) {
    this.#cluster = cluster;
    this.#folder = folder;
    this.#url = url;
  }

  /** Starts in a folder of its own; `stop` ends it and all programs that were started through it. */
  static async start(cluster: Cluster, folder: string, more: readonly Job[] = []): Promise<Prometheus> {
    const prometheus = new Prometheus(cluster, folder, `http://${cluster.nodeAddress}:${PORTS.prometheus}`);
    const { scrape_configs: ours } = parse(readRepositoryFile('deploy/monitoring/prometheus.yaml')) as {
      scrape_configs: Job[];
    };
    const jobs = [...ours, ...more];
    for (const { job_name: job } of jobs) prometheus.setTargets(job, []);
    writeFileSync(join(folder, 'rules.yaml'), rulesFile(QUICK));
    const config = {
      global: { scrape_interval: '2s', scrape_timeout: '2s', evaluation_interval: '1s' },
      rule_files: ['rules.yaml'],
      scrape_configs: jobs.map((job) => discoveredByFile(job, folder)),
    };
    writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
    await prometheus.run('prometheus', [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${cluster.nodeAddress}:${PORTS.prometheus}`,
    ]);
    await waitFor('Prometheus to be ready', async () => (await fetch(`${prometheus.#url}/-/ready`)).ok, DEADLINE_MS);
    return prometheus;
  }

  /** A program beside it; what it says goes to a file of the folder. */
  async run(program: Program, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<void> {
    const output = openSync(join(this.#folder, `${program}.log`), 'a');
    const path = await ensureMonitoringProgram(program);
    const { netns } = this.#cluster;
    const command = netns === undefined ? [path] : ['nsenter', `--net=/run/netns/${netns}`, path];
    const [file = '', ...before] = command;
    const options = { env: { ...process.env, ...env }, stdio: ['ignore' as const, output, output] };
    this.#children.push(spawn(file, [...before, ...args], options));
  }

  /** What a job scrapes from now on. */
  setTargets(job: string, targets: readonly Target[]): void {
    const groups = targets.map(({ address, labels }) => ({ targets: [address], labels }));
    const file = join(this.#folder, `${job}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(groups));
    renameSync(`${file}.new`, file);
  }

  /** Throws with what Prometheus says of a question that it does not understand. */
  async query<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  /** Names of all metrics that were scraped. */
  metricNames = (): Promise<string[]> => this.query<string[]>('label/__name__/values');

  async firing(): Promise<FiringAlert[]> {
    const { alerts } = await this.query<{ alerts: FiringAlert[] }>('alerts');
    return alerts.filter(({ state }) => state === 'firing');
  }

  async isFiring(name: string, labels: Readonly<Record<string, string>> = {}): Promise<boolean> {
    return (await this.firing()).some((alert) => isAbout(alert, name, labels));
  }

  /** Waits until an alert fires with these labels. */
  fires(name: string, labels: Readonly<Record<string, string>> = {}, deadlineMs = 60_000): Promise<FiringAlert> {
    return waitFor(
      `${name} to fire`,
      async () => {
        const all = await this.firing();
        const found = all.find((alert) => isAbout(alert, name, labels));
        if (found === undefined) throw new Error(`firing: ${all.map((alert) => alert.labels.alertname).join(', ')}`);
        return found;
      },
      deadlineMs,
    );
  }

  /** Waits until it fires no more. */
  async clears(name: string, labels: Readonly<Record<string, string>> = {}, deadlineMs = 60_000): Promise<void> {
    await waitFor(`${name} to clear`, async () => !(await this.isFiring(name, labels)), deadlineMs);
  }

  async stop(): Promise<void> {
    const alive = this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    const ends = alive.map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of alive) child.kill('SIGKILL');
    await Promise.all(ends);
  }
}

const isAbout = ({ labels }: FiringAlert, name: string, wanted: Readonly<Record<string, string>>): boolean =>
  labels.alertname === name && Object.entries(wanted).every(([label, value]) => labels[label] === value);

/** Debian builds Prometheus without discovery by the API server: a file says what it would have found, all else stays. */
function discoveredByFile({ kubernetes_sd_configs: _, ...job }: Job, folder: string): object {
  return { ...job, file_sd_configs: [{ files: [join(folder, `${job.job_name}.json`)], refresh_interval: '1s' }] };
}
