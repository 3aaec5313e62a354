import { cel, say } from '../admission/cel.ts';
import { given, said } from '../admission/fields.ts';
import type { Admission, Rule } from '../findings.ts';

/** Whether the numbers of the objective can be true at the same time. */
export const OBJECTIVE_RULES: readonly Rule[] = [
  {
    id: 'S-12',
    path: 'objective',
    check: ({ spec }) => {
      const { requestsPerSecond: rate, concurrentUsers: users, p95Milliseconds: p95 } = spec.objective ?? {};
      if (rate === undefined || users === undefined || p95 === undefined) return undefined;
      // Little's law: users = rate × (time of an answer + pause). With p95 for the mean, it errs to the safe side.
      const most = Math.floor((users * 1000) / p95);
      const pause = users / rate - p95 / 1000;
      const isImpossible = pause < 0;
      if (!isImpossible && pause < p95 / 1000) return undefined;
      return {
        severity: isImpossible ? 'Warning' : 'Info',
        message: isImpossible
          ? `${users} users who each wait ${p95} ms for an answer send at most ${most} requests per second, not ${rate} (Little's law)`
          : `${users} users who each wait ${p95} ms for an answer could send ${most} requests per second; ${rate} means that each pauses ${pause.toFixed(2)} s after an answer (Little's law)`,
        fixes: isImpossible ? [{ 'objective.requestsPerSecond': most }].filter(() => most >= 1) : [],
        advice: isImpossible
          ? `${Math.min(1_000_000, Math.ceil((rate * p95) / 1000))} users could`
          : 'a load test must pause as long, or send at a fixed rate; without pauses it measures another site',
      };
    },
    admission: [impossibleWarning()],
  },
];

function impossibleWarning(): Admission {
  const paths = ['objective.requestsPerSecond', 'objective.concurrentUsers', 'objective.p95Milliseconds'] as const;
  const [rate, users, p95] = [said(paths[0]), said(paths[1]), said(paths[2])];
  const areGiven = cel`${given(paths[0])} && ${given(paths[1])} && ${given(paths[2])}`;
  const most = cel`${users} * 1000 / ${p95}`;
  return {
    wrong: cel`${areGiven} && ${users} * 1000 < ${rate} * ${p95}`,
    says: say`${users} users who each wait ${p95} ms for an answer send at most ${most} requests per second, not ${rate} (Little's law)`,
    fix: say`lower objective.requestsPerSecond, or raise objective.concurrentUsers`,
  };
}
