import type { PlacedKnob } from '../../crds/knob.ts';
import { waitFor } from '../support/kubectl.ts';
import { DatabasePod } from './database-pod.ts';
import type { ImageRoot } from './image-root.ts';
import { CONF_KNOBS, changeClass, isKnownTo, otherValues } from './knob-values.ts';
import { type Observation, observe, rows } from './live-settings.ts';
import { type KnobValues, type RenderedDatabase, renderDatabase } from './rendered-database.ts';

/**
 * What a server of one major does when every knob of its class is changed, seen at four moments: after the first
 * start, after a reload with all knobs of class reload changed, after one with the others changed too, and after the
 * restart that these wait for.
 */
export interface Story {
  readonly major: number;
  readonly pod: DatabasePod;
  /** Knobs by class, those that this major does not know left out. */
  readonly reload: readonly PlacedKnob[];
  readonly restart: readonly PlacedKnob[];
  /** The values that were set, by path. */
  readonly values: KnobValues;
  readonly rendered: {
    readonly first: RenderedDatabase;
    readonly reloaded: RenderedDatabase;
    readonly changed: RenderedDatabase;
  };
  readonly first: Observation;
  readonly reloaded: Observation;
  readonly changed: Observation;
  readonly restarted: Observation;
  /** How the first container ended on SIGTERM, with a client connected, and what it said. */
  readonly stop: { readonly code: number; readonly log: string };
}

/** Lives it through. The server of the last moment goes on, for whoever wants to ask it more. */
export async function tell(major: number, root: ImageRoot, keep: (pod: DatabasePod) => void): Promise<Story> {
  const first = renderDatabase(major);
  const pod = new DatabasePod(root, first);
  keep(pod);
  await pod.startReady();
  const atFirst = await observe(pod);
  const known = CONF_KNOBS.filter((placed) => isKnownTo(major, placed));
  const reload = known.filter((placed) => changeClass(major, placed) === 'reload');
  const restart = known.filter((placed) => changeClass(major, placed) !== 'reload');

  const reloadValues = otherValues(reload, atFirst.settings);
  const reloaded = renderDatabase(major, reloadValues);
  const afterReload = await observeAfter(pod, reloaded);

  const values = { ...reloadValues, ...otherValues(restart, atFirst.settings) };
  const changed = renderDatabase(major, values);
  const afterChange = await observeAfter(pod, changed);

  const stop = await stopWithClient(pod);
  await pod.startReady();
  const restarted = await observe(pod);
  return {
    ...{ major, pod, reload, restart, values, stop },
    rendered: { first, reloaded, changed },
    first: atFirst,
    reloaded: afterReload,
    changed: afterChange,
    restarted,
  };
}

/** Brings a new configuration and waits until the server has it. */
async function observeAfter(pod: DatabasePod, rendered: RenderedDatabase): Promise<Observation> {
  pod.mount(rendered);
  await waitFor('the new configuration to be loaded', async () => {
    const [answer] = await rows<{ hash: string }>(pod, "SELECT current_setting('pitcrew.config_hash') AS hash");
    return answer?.hash === rendered.configHash;
  });
  return observe(pod);
}

/** SIGTERM while somebody is in the middle of a query. */
async function stopWithClient(pod: DatabasePod): Promise<Story['stop']> {
  const client = pod.exec(['psql', '--username=postgres', '--command=SELECT pg_sleep(600)']).catch(() => undefined);
  await waitFor('a client to be busy', async () => {
    const [busy] = await rows<{ n: number }>(
      pod,
      "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    );
    return busy?.n === 1;
  });
  pod.signal('SIGTERM');
  const code = await pod.ended();
  await client;
  return { code, log: pod.log };
}
