import { parseArgs } from 'node:util';
import {
  type Cluster,
  clusterList,
  clusterStatus,
  defaultName,
  ensurePackages,
  findCluster,
  startCluster,
  stopCluster,
} from './cluster.ts';
import { progressPrinter } from './progress-printer.ts';

const usage = `usage: node test/cluster/main.ts COMMAND [--name NAME]

  up [--control-plane]   start a Kubernetes, or repair the one that is there
  down [--all]           remove it with all its data; --all removes every one
  status                 say what runs
  kubeconfig             print the path of its kubeconfig
  env                    print export lines, for eval
  load ARCHIVE IMAGE     give its node the image of an OCI archive under a name
  packages               install all system packages that clusters, images and load tests need

The name is "${defaultName}" unless given. A cluster named by PITCREW_KUBECONFIG, or an installed k3s, is used instead.
PITCREW_STATE and PITCREW_CACHE say where clusters and built programs are kept.
`;

/** Arguments of a command: the name of the cluster, its mode, and what else was there. */
interface Call {
  name: string;
  node: boolean;
  all: boolean;
  rest: string[];
}

const onProgress = progressPrinter(process.stderr);

const commands: Record<string, (call: Call) => Promise<void>> = {
  up: async ({ name, node }) => {
    const cluster = await startCluster({ name, node, onProgress });
    process.stderr.write(`cluster ${cluster.name} is ready: KUBECONFIG=${cluster.kubeconfig}\n`);
  },
  down: async ({ name, all }) => {
    for (const each of all ? clusterList() : [name]) await stopCluster(each, onProgress);
  },
  status: async ({ name }) => {
    const status = await clusterStatus(name);
    const services = status.services.map((service) => `  ${service.name.padEnd(26)}${service.pid ?? 'not running'}\n`);
    const node = status.nodeReady === undefined ? '' : `  node ${status.nodeReady ? 'ready' : 'not ready'}\n`;
    process.stdout.write(`cluster ${status.name}: ${status.state}\n${services.join('')}${node}`);
    process.exitCode = status.state === 'running' || status.state === 'given' ? 0 : 1;
  },
  kubeconfig: async ({ name }) => {
    process.stdout.write(`${(await mustFind(name)).kubeconfig}\n`);
  },
  env: async ({ name }) => {
    const cluster = await mustFind(name);
    process.stdout.write(`export KUBECONFIG=${quote(cluster.kubeconfig)}\n`);
    process.stdout.write(`export PATH=${quote(cluster.binDir)}:"$PATH"\n`);
  },
  load: async ({ name, rest: [archive, image] }) => {
    if (archive === undefined || image === undefined) throw new Error('load needs an archive and the name of an image');
    const isNew = await (await mustFind(name)).loadArchive(archive, image);
    process.stderr.write(isNew ? `loaded ${image}\n` : `${image} is there already\n`);
  },
  packages: () => ensurePackages(['cluster', 'node', 'images', 'load'], onProgress),
};

async function mustFind(name: string): Promise<Cluster> {
  const cluster = await findCluster(name);
  if (cluster === undefined) throw new Error(`there is no cluster ${name}: start it with "up"`);
  return cluster;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

async function main(): Promise<void> {
  const options = {
    name: { type: 'string', default: defaultName },
    'control-plane': { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [word = '', ...rest] = positionals;
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (command === undefined || values.help) {
    process.stderr.write(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  await command({ name: values.name, node: !values['control-plane'], all: values.all, rest });
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
