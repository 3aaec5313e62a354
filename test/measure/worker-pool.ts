import { type Kubectl, waitFor } from '../support/kubectl.ts';

/**
 * What SQLAlchemy says of its pools inside a worker, for an application that makes one engine of each kind with
 * numbers of its own. It runs in a copy of the backend's pod: same image, same command, same configuration.
 */
export interface EnginePool {
  readonly class: string;
  readonly size: number;
  readonly max_overflow: number;
  readonly timeout: number;
  readonly recycle: number;
  readonly pre_ping: boolean;
}

export interface WorkerPools {
  readonly sync: EnginePool;
  /** Left out where the image lacks greenlet, without which SQLAlchemy makes no such engine. */
  readonly async?: EnginePool;
}

const MODULE = 'pool_witness';
/** Numbers that nobody sets by chance; where they come back, the profile has not arrived. */
const WITNESS = `import json
import os
from sqlalchemy import create_engine

url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
own = {"pool_size": 77, "max_overflow": 78}
engines = {"sync": create_engine(url, **own)}
try:
    from sqlalchemy.ext.asyncio import create_async_engine
except ImportError:  # Without greenlet in the image nobody can have an async engine.
    pass
else:
    engines["async"] = create_async_engine(url, **own)


def view(pool):
    return {
        "class": type(pool).__name__,
        "size": pool.size(),
        "max_overflow": pool._max_overflow,
        "timeout": pool._timeout,
        "recycle": pool._recycle,
        "pre_ping": pool._pre_ping,
    }


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = json.dumps({name: view(engine.pool) for name, engine in engines.items()}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
`;

interface Deployment {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}
interface PodSpec {
  readonly volumes?: readonly object[];
  readonly containers: ReadonlyArray<{
    readonly command: readonly string[];
    readonly env?: readonly object[];
    readonly volumeMounts?: readonly object[];
    readonly readinessProbe?: object;
    readonly startupProbe?: object;
    readonly livenessProbe?: object;
  }>;
}

/** Asks a worker that runs under the backend's own command; the pod is gone afterwards. */
export async function workerPools(kubectl: Kubectl, at: { namespace: string; profile: string }): Promise<WorkerPools> {
  const name = `${at.profile}-pool-witness`;
  const deployment = await kubectl.get<Deployment>('deployment', `${at.profile}-backend`, '-n', at.namespace);
  if (deployment === undefined) throw new Error(`no backend of ${at.profile} in ${at.namespace}`);
  const objects = witnessObjects(name, at.namespace, deployment.spec.template.spec);
  await kubectl.run('delete', 'pod', name, '-n', at.namespace, '--ignore-not-found', '--grace-period=0', '--force');
  try {
    await kubectl.pipe(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), 'apply', '-f', '-');
    const question = "import urllib.request; print(urllib.request.urlopen('http://127.0.0.1:8000/').read().decode())";
    return await waitFor(
      'an answer of the witness',
      async () => JSON.parse(await kubectl.exec(at.namespace, name, ['python', '-c', question])) as WorkerPools,
    );
  } finally {
    await kubectl.run('delete', 'pod,configmap', name, '-n', at.namespace, '--grace-period=0', '--force');
  }
}

function witnessObjects(name: string, namespace: string, pod: PodSpec): object[] {
  const [container] = pod.containers;
  if (container === undefined) throw new Error('the backend has no container');
  // The witness answers any path, but its pod must not be restarted because of what it answers.
  const { readinessProbe: _r, startupProbe: _s, livenessProbe: _l, ...bare } = container;
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { [`${MODULE}.py`]: WITNESS } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace },
      spec: {
        ...pod,
        volumes: [...(pod.volumes ?? []), { name: 'witness', configMap: { name } }],
        containers: [
          {
            ...bare,
            command: container.command.map((word) =>
              /^[A-Za-z_][\w.]*:[A-Za-z_]\w*$/.test(word) ? `${MODULE}:app` : word,
            ),
            env: [...(container.env ?? []), { name: 'PYTHONPATH', value: '/witness' }],
            volumeMounts: [...(container.volumeMounts ?? []), { name: 'witness', mountPath: '/witness' }],
          },
        ],
      },
    },
  ];
}
