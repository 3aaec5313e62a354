import { onlyPod } from '../support/inside.ts';
import { prepareStage } from '../support/stage.ts';
import { EXPERIMENTS } from './experiments.ts';
import { printResult, type Result, writeResults } from './figures.ts';
import { type Bench, endBench, prepareBench } from './stacks.ts';

/** `make measure`: the guide's values against ours on a node of this machine; figures for docs/guide-review.md. */
const CLUSTER = 'measure';
const usage = `usage: node test/measure/main.ts [EXPERIMENT…]

  ${Object.keys(EXPERIMENTS).join(' ')}; none means all. docs/guide-review.md says what each of them shows.
`;

async function measure(wanted: readonly string[]): Promise<void> {
  const stage = await prepareStage(CLUSTER, (step) => process.stderr.write(`== ${step}\n`));
  process.stderr.write('== both stacks\n');
  const bench = await prepareBench(stage);
  const results: Result[] = [];
  for (const id of wanted) {
    process.stderr.write(`== experiment ${id}\n`);
    const result = await EXPERIMENTS[id]?.(bench);
    if (result === undefined) continue;
    results.push(result);
    printResult(result);
    process.stdout.write(`\nwritten to ${writeResults(results, await versionsOf(bench))}\n`);
  }
  await endBench(stage.kubectl);
  process.stdout.write('The node stays up; `make down` ends it.\n');
}

/** Of the programs in both stacks, by their own word. */
async function versionsOf({ kubectl, ours }: Bench): Promise<Record<string, string>> {
  const answer = async (tier: string, command: string) => {
    const pod = await onlyPod(kubectl, ours.namespace, ours.name, tier);
    return (await kubectl.exec(ours.namespace, pod.name, ['sh', '-c', `${command} 2>&1`])).trim();
  };
  const python = 'from importlib.metadata import version as v; print(*(f"{n} {v(n)}" for n in NAMES), sep=", ")';
  const names = '("fastapi", "uvicorn", "gunicorn", "SQLAlchemy", "psycopg")';
  return {
    nginx: await answer('edge', 'nginx -v'),
    backend: await answer('backend', `python -c '${python.replace('NAMES', names)}'`),
    postgres: await answer('postgres', 'postgres --version'),
  };
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((id) => !Object.hasOwn(EXPERIMENTS, id));
if (unknown.length > 0) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  try {
    await measure(wanted.length > 0 ? wanted : Object.keys(EXPERIMENTS));
  } catch (error) {
    process.stderr.write(`\nThe measurement failed: ${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write('The cluster stays up for a look: make down ends it.\n');
    process.exitCode = 1;
  }
}
