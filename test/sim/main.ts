import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Exploration, type Explored, explore, shares } from './explore.ts';

/**
 * `make sim`: fault schedules until one breaks an oracle, on all processors. SIM_COUNT says how many, SIM_SEED which
 * ones, SIM_PATH plays one again.
 */
async function main(): Promise<void> {
  const { SIM_COUNT = '50000', SIM_SEED, SIM_PATH: path } = process.env;
  const seed = SIM_SEED === undefined ? Date.now() % 1_000_000_000 : Number(SIM_SEED);
  const startedMs = performance.now();
  const tasks: Exploration[] =
    path === undefined
      ? shares(Number(SIM_COUNT)).map((count, index) => ({ count, seed: seed + index }))
      : [{ count: 1, seed, path }];
  process.stdout.write(`seed ${seed}\n`);
  const all = await Promise.all(tasks.map(played));
  const count = all.reduce((sum, explored) => sum + explored.count, 0);
  const requests = all.reduce((sum, explored) => sum + explored.requests, 0);
  const perMinute = Math.round((count / (performance.now() - startedMs)) * 60_000);
  const second = Math.max(...all.map(({ peaks }) => peaks.second));
  const minute = Math.max(...all.map(({ peaks }) => peaks.minute));
  const failures = all.flatMap(({ failure }) => failure ?? []);
  for (const failure of failures) process.stdout.write(`\n${failure}\n`);
  process.stdout.write(
    `\n${count} schedules, ${requests} requests, ${perMinute} schedules a minute; at most ${second} requests of a process in a second, ${minute} in a minute\n${failures.length} violations\n`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function played(task: Exploration): Promise<Explored> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) await main();
else parentPort?.postMessage(await explore(workerData as Exploration));
