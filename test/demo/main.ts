import { setTimeout as sleep } from 'node:timers/promises';
import { edgeOf } from '../support/edge.ts';
import {
  type Condition,
  type ProfileView,
  prepareNamespace,
  prepareStage,
  readRepositoryFile,
  type Stage,
} from '../support/stage.ts';
import { proofs } from './proofs.ts';

/** `make demo`: from nothing to the guide's stack, Ready on a real node, and the proof that it is real. */
const NAMESPACE = 'bahamm';
const PROFILE = 'bahamm';
const HOSTS = ['bahamm.ir', 'www.bahamm.ir'];
const READY_DEADLINE_MS = 300_000;

const started = Date.now();
const elapsed = (since = started): string => `${((Date.now() - since) / 1000).toFixed(0)} s`;
const say = (text = ''): void => void process.stdout.write(`${text}\n`);
const heading = (text: string): void => say(`\n== ${text}  (${elapsed()})`);

/** Shows each change of the profile's summary until it is Ready; throws with the last one at the deadline. */
async function followToReady({ kubectl }: Stage): Promise<void> {
  const applied = Date.now();
  let last = '';
  for (;;) {
    const profile = await kubectl.get<ProfileView>('wperf', PROFILE, '-n', NAMESPACE);
    const find = (type: string): Condition | undefined =>
      profile?.status?.conditions?.find((condition) => condition.type === type);
    const ready = find('Ready');
    const current = profile?.status?.observedGeneration === profile?.metadata.generation;
    const line =
      ready === undefined || !current
        ? 'waiting for the operator'
        : `Ready=${ready.status} ${ready.reason}: ${ready.message}`;
    if (line !== last) say(`  ${elapsed(applied).padStart(5)}  ${line}`);
    last = line;
    if (current && ready?.status === 'True') return;
    if (Date.now() - applied > READY_DEADLINE_MS) throw new Error(`not Ready after ${elapsed(applied)}: ${line}`);
    await sleep(250);
  }
}

async function main(): Promise<void> {
  say('pitcrew demo: a real Kubernetes node, the operator, and the stack of the tuning guide.');
  const stage = await prepareStage(process.env.PITCREW_DEMO_CLUSTER ?? 'pitcrew', heading);
  const { kubectl, cluster } = stage;
  heading('kubectl apply -f examples/bahamm-seed.yaml');
  await prepareNamespace(kubectl, NAMESPACE, 'bahamm-tls', HOSTS);
  say(`  ${(await kubectl.pipe(readRepositoryFile('examples/bahamm-seed.yaml'), 'apply', '-f', '-')).trim()}`);
  await followToReady(stage);
  heading('it is real');
  const edge = await edgeOf(kubectl, cluster.nodeAddress, {
    namespace: NAMESPACE,
    profile: PROFILE,
    host: 'bahamm.ir',
  });
  for (const proof of proofs({ kubectl, edge, namespace: NAMESPACE, profile: PROFILE })) say(await proof());
  heading('what the operator says');
  say(await kubectl.run('get', 'wperf', PROFILE, '-n', NAMESPACE, '-o', 'wide'));
  say(`Done in ${elapsed()}. The cluster stays up; \`make down\` ends it. To play with it:\n`);
  say('  eval $(make -s env)');
  say(`  kubectl -n ${NAMESPACE} describe wperf ${PROFILE}`);
  say(`  kubectl -n ${NAMESPACE} edit wperf ${PROFILE}        # for example workers: 2, and watch it roll`);
  say('  kubectl explain performanceprofile.spec.backend.workers');
}

try {
  await main();
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(
    'The cluster stays up for a look: eval $(make -s env); kubectl logs deployment/pitcrew -n pitcrew-system\n',
  );
  process.exitCode = 1;
}
