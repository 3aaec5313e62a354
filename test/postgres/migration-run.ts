import { join } from 'node:path';
import { run } from '../cluster/host/run.ts';
import type { DatabasePod } from './database-pod.ts';
import type { RenderedDatabase } from './rendered-database.ts';

/** What the kubelet would do for the pods that talk to the database: their environment, and a program in it. */

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly key: string } };
}

type Environment = Readonly<Record<string, string>>;

/** A password such as the operator makes. */
export const MADE_PASSWORD = 'e7-w_Zr4dOQkUJb2mNfxA1c9PqLtS0yH';
/** The application's Secret, for a server that is asked from inside of its network. */
const SECRET: Environment = {
  username: 'app',
  password: MADE_PASSWORD,
  host: '127.0.0.1',
  port: '5432',
  dbname: 'app',
};

/** The variables of the container of the migration, or of the application. */
export function environmentOf({ synthesis }: RenderedDatabase, kind: 'Job' | 'Deployment'): Environment {
  const found = synthesis.objects.find(
    ({ object }) => object.kind === kind && /-(migrate|backend)/.test(object.metadata.name),
  );
  if (found === undefined) throw new Error(`the profile makes no ${kind}`);
  const { template } = found.object.spec as {
    template: { spec: { containers: ReadonlyArray<{ env: readonly Variable[] }> } };
  };
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of template.spec.containers[0]?.env ?? []) {
    const key = valueFrom?.secretKeyRef?.key;
    // As Kubernetes does: only what stands before, and nothing in what has been put in.
    env[name] =
      key === undefined
        ? (value ?? '').replaceAll(/\$\((\w+)\)/g, (all, other) => env[other] ?? all)
        : (SECRET[key] ?? '');
  }
  return env;
}

/** Runs a Python script in the network of the database, with these variables; what it has printed. */
export function runPython(pod: DatabasePod, bin: string, script: string, env: Environment): Promise<string> {
  const inside = ['--net', `--target=${pod.pid}`, '--', join(bin, 'python'), '-c', script];
  return run('nsenter', inside, { env: { ...env, PATH: process.env.PATH } });
}
