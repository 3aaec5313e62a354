import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Operator } from '../../controller/reconcile/operator.ts';
import { useOperatorStage } from '../contract/operator-stage.ts';
import { requestsSince } from '../support/audit.ts';
import { waitFor } from '../support/kubectl.ts';
import { allReady, applyCrowd, CROWD, changesSince, crowdOf, POISON, poisoned, tallyOf, untilRest } from './crowd.ts';
import { FULL } from './site.ts';

/** Hundreds of profiles beside two that nobody can help. Each test begins where the one before it ended. */
const stage = useOperatorStage(CROWD);
const PROFILES = FULL ? 200 : 60;
/** Lengths of time in which nothing must happen. */
const REST_MS = FULL ? 600_000 : 20_000;
const names = crowdOf(PROFILES);
/** Those with a database of their own. */
const OWN = PROFILES / 4;

let operator: Operator;
const begun = new Date();

const asked = (since: Date) => requestsSince(stage.server.real.auditLog ?? '', since);
const writesOf = (name: string, resource: string) =>
  changesSince(stage, begun).filter((write) => write.name === name && write.resource === resource);
/** Of a profile's own affairs: a start lists and watches each kind once, however many profiles there are. */
const isOfProfile = ({ verb, resource }: { verb: string; resource: string }) =>
  !['list', 'watch'].includes(verb) && resource !== '' && resource !== 'events';

describe(`${PROFILES} profiles and two that are poison`, () => {
  it('all become Ready, and of the poison is said what is wrong', { timeout: 1_200_000 }, async () => {
    operator = await stage.start({ synthesize: poisoned });
    await applyCrowd(stage, [...Object.values(POISON), ...names]);
    await allReady(stage, names, FULL ? 900_000 : 240_000);
    const thrown = await stage.waitCondition('Ready', { status: 'False', reason: 'InternalError' }, POISON.throws);
    expect(thrown.message).toContain('its log says why');
    const rejected = { status: 'False', reason: 'ApplyRejected' };
    const { message } = await stage.waitCondition('Ready', rejected, POISON.rejected);
    expect(message).toMatch(/^Service\/poison-rejected-\w+: .*99999/);
  });

  it('write nothing at rest, while the poison is sent again at its own slow pace', {
    timeout: REST_MS + 300_000,
  }, async () => {
    const since = new Date();
    await sleep(REST_MS);
    expect(changesSince(stage, since).filter(({ name }) => !name.startsWith('poison'))).toEqual([]);
    const tries = () => writesOf(`${POISON.rejected}-edge`, 'services');
    await waitFor('what was rejected to be tried again', async () => tries().length > 1, 90_000);
    const times = tries().map(({ at }) => Date.parse(at));
    const pauses = times.slice(1).map((at, nth) => at - (times[nth] ?? 0));
    // From half a minute doubling to five; a second is for the ways of two requests.
    const least = pauses.map((_, nth) => Math.min(300, 30 * 2 ** nth) * 1000 - 1_000);
    for (const [nth, pause] of pauses.entries()) expect(pause).toBeGreaterThanOrEqual(least[nth] ?? 0);
    // What was thrown at waits for an edit: not even its status is written again.
    expect(writesOf(POISON.throws, 'performanceprofiles')).toHaveLength(1);
  });

  it('are looked at by a new process with two requests each, and nothing is changed', async () => {
    await operator.stop();
    const since = new Date();
    const startedMs = performance.now();
    operator = await stage.start({ synthesize: poisoned });
    const requests = await untilRest(() => asked(since).filter(isOfProfile));
    const restMs = performance.now() - startedMs;
    const ofCrowd = requests.filter(({ name }) => name.startsWith('shop-'));
    if (FULL)
      console.log({
        start: tallyOf(asked(since).filter((one) => !isOfProfile(one))),
        crowd: tallyOf(requests),
        restMs,
      });
    // Two Secrets where the database is ours, one where it is not; and each profile was looked at, or nothing is proven.
    // The one whose objects are rejected reads the common Secret too.
    expect(ofCrowd).toHaveLength(2 * OWN + (PROFILES - OWN) + 1);
    expect(new Set(ofCrowd.map(({ name }) => name)).size).toBe(2 * OWN + 1);
    expect(changesSince(stage, since).filter(({ name }) => !name.startsWith('poison'))).toEqual([]);
    await operator.stop();
  });
});
