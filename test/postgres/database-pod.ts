import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, succeeds } from '../cluster/host/run.ts';
import { waitFor } from '../support/kubectl.ts';
import { type ImageRoot, inRoot } from './image-root.ts';
import { MountedFiles } from './mounted-files.ts';
import type { Container, RenderedDatabase, Volume } from './rendered-database.ts';

/** Passwords in the Secrets, with what a careless script would trip over. */
export const APP_PASSWORD = 'app\'s \\ $(pass) "word"';
export const MONITOR_PASSWORD = 'monitor-password';

/**
 * The rendered pod of the database without a node: its only container runs from the image's files, read-only, in
 * namespaces of its own with the pod's volumes mounted where the pod wants them, as the pod's user. The first process
 * is the rendered command, so that signals meet what they meet in a container.
 */
export class DatabasePod {
  /** Holds the volumes. They outlive the container, as in a pod. */
  readonly folder = mkdtempSync(join(tmpdir(), 'pitcrew-postgres-'));
  readonly root: ImageRoot;
  readonly #config = new MountedFiles(join(this.folder, 'config'));
  readonly #rendered: RenderedDatabase;
  #process: ChildProcess | undefined;
  #log = '';

  constructor(root: ImageRoot, rendered: RenderedDatabase, appPassword = APP_PASSWORD) {
    this.root = root;
    this.#rendered = rendered;
    chmodSync(this.folder, 0o755);
    this.mount(rendered);
    new MountedFiles(join(this.folder, 'app-secret')).replace({ password: appPassword });
    new MountedFiles(join(this.folder, 'monitor-secret')).replace({ password: MONITOR_PASSWORD });
    for (const volume of this.#writable()) this.#makeWritable(volume);
  }

  /** What the container has said since it was started last. */
  get log(): string {
    return this.#log;
  }

  /** The folder of the data volume on this machine. */
  get data(): string {
    return join(this.folder, 'data');
  }

  /** Replaces the mounted configuration, as the kubelet does some time after a ConfigMap has changed. */
  mount({ files }: RenderedDatabase): void {
    this.#config.replace(files);
  }

  /** Starts the container; the pod's volumes are as the last one left them. */
  start(): void {
    if (this.#process !== undefined) throw new Error('the container runs already');
    const { runAsUser, runAsGroup } = this.#rendered.pod.spec.securityContext;
    const env = Object.entries(this.root.env).map(([name, value]) => `${name}=${value}`);
    const user = [`--reuid=${runAsUser}`, `--regid=${runAsGroup}`, '--clear-groups', '--no-new-privs'];
    // The kernel forgets "end with your parent" when the user changes; so it is asked for again, after that.
    const asUser = ['setpriv', ...user, '--bounding-set=-all', '--pdeathsig=KILL', '--', ...this.#container.command];
    const namespaces = [
      '--mount',
      '--pid',
      '--net',
      '--ipc',
      '--uts',
      '--propagation=private',
      '--fork',
      '--kill-child',
    ];
    const script = ['sh', '-ec', SET_UP, 'sh', this.root.folder, this.#mounts().join('\n')];
    const all = ['--pdeathsig=KILL', 'unshare', ...namespaces, ...script, 'env', '-i', ...env, ...asUser];
    const child = spawn('setpriv', all, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#log = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (this.#log += chunk));
    this.#process = child;
  }

  /** Runs a program in the container, as the kubelet runs a probe and `kubectl exec` a command. */
  exec(command: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    return run('nsenter', [...this.#entrance(), ...command], { env: { ...this.root.env, ...env } });
  }

  /** Starts, and waits until the pod's own readiness probe says yes. */
  async startReady(): Promise<void> {
    this.start();
    await waitFor('the database to be ready', async () => {
      if (this.#hasEnded()) throw new Error(this.#log);
      const probe = this.#container.readinessProbe.exec.command;
      return (
        this.pid !== undefined && (await succeeds('nsenter', [...this.#entrance(), ...probe], { env: this.root.env }))
      );
    });
  }

  /** Sends a signal to the container's first process, as the kubelet does. */
  signal(signal: NodeJS.Signals): void {
    if (this.pid === undefined) throw new Error('the container has no process');
    process.kill(this.pid, signal);
  }

  /** Waits for the end of the container; its exit code, which means nothing after a SIGKILL. */
  async ended(deadlineMs = 30_000): Promise<number> {
    const child = this.#process;
    if (child === undefined) throw new Error('the container was not started');
    await waitFor('the container to end', async () => this.#hasEnded(), deadlineMs);
    this.#process = undefined;
    return child.exitCode ?? -1;
  }

  /** Ends what runs and removes the volumes. */
  async remove(): Promise<void> {
    if (this.#process !== undefined) {
      this.#process.kill('SIGKILL');
      await this.ended();
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The container's first process as this machine numbers it; undefined while there is none. */
  get pid(): number | undefined {
    const starter = this.#process?.pid;
    if (starter === undefined) return undefined;
    try {
      const [child] = readFileSync(`/proc/${starter}/task/${starter}/children`, 'utf8').trim().split(' ');
      // Until it stands in the image, it only prepares the container.
      return readlinkSync(`/proc/${child}/root`) === this.root.folder ? Number(child) : undefined;
    } catch {
      return undefined;
    }
  }

  get #container(): Container {
    const [only] = this.#rendered.pod.spec.containers;
    if (only === undefined) throw new Error('the pod has no container');
    return only;
  }

  #hasEnded(): boolean {
    return this.#process?.exitCode !== null || this.#process.signalCode !== null;
  }

  #entrance(): string[] {
    const { runAsUser, runAsGroup } = this.#rendered.pod.spec.securityContext;
    const namespaces = ['--mount', '--pid', '--net', '--ipc', '--uts', '--root', '--wd'];
    return [`--target=${this.pid}`, ...namespaces, `--setuid=${runAsUser}`, `--setgid=${runAsGroup}`, '--'];
  }

  /** Lines `kind source target` for the set-up script. */
  #mounts(): string[] {
    return this.#container.volumeMounts.map(({ name, mountPath }) => {
      const target = inRoot(this.root.folder, mountPath);
      mkdirSync(target, { recursive: true });
      const volume = this.#volumes().find((each) => each.name === name);
      const kind = volume?.emptyDir?.medium === 'Memory' ? 'memory' : isReadOnly(volume) ? 'read' : 'write';
      return [kind, join(this.folder, name), target].join(' ');
    });
  }

  /** Those of the pod, and the claim. */
  #volumes(): Volume[] {
    return [...this.#rendered.pod.spec.volumes, { name: 'data' }];
  }

  #writable(): Volume[] {
    return this.#volumes().filter((volume) => !isReadOnly(volume));
  }

  #makeWritable({ name }: Volume): void {
    const { runAsGroup } = this.#rendered.pod.spec.securityContext;
    mkdirSync(join(this.folder, name), { recursive: true });
    // What fsGroup brings about.
    chownSync(join(this.folder, name), 0, runAsGroup);
    chmodSync(join(this.folder, name), 0o2775);
  }
}

const isReadOnly = (volume: Volume | undefined): boolean =>
  volume?.configMap !== undefined || volume?.secret !== undefined;

/** Lays out the container's file system and becomes its first process. Arguments: root, mounts, command. */
const SET_UP = `
root=$1 mounts=$2
shift 2
ip link set lo up
mount --bind "$root" "$root"
mkdir -p "$root/dev" "$root/proc"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom; do
  : > "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/shm"
printf '%s\\n' "$mounts" | while read -r kind source target; do
  case $kind in
    memory) mount -t tmpfs -o mode=1777 tmpfs "$target" ;;
    *) mount --bind "$source" "$target" ;;
  esac
  if [ "$kind" = read ]; then mount -o remount,bind,ro "$target"; fi
done
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
`;
