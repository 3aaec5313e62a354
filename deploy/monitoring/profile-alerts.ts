import { type Alert, type AlertGroup, perProfile, type Series } from './alert.ts';

/** What the operator says of each profile. */

const SHOP = 'namespace="shop",name="shop"';
const STEADY = (value: number): string => `${value}x2000`;

const condition = (type: string, status: string): string =>
  `pitcrew_profile_condition{type="${type}",status="${status}"}`;

const seen = (type: string, status: string, value = 1): Series => [
  `pitcrew_profile_condition{${SHOP},type="${type}",status="${status}"}`,
  STEADY(value),
];

const WHICH = '{{ $labels.namespace }}/{{ $labels.name }}';
const DESCRIBE = '`kubectl describe wperf -n {{ $labels.namespace }} {{ $labels.name }}`';

const alerts: readonly Alert[] = [
  {
    name: 'PitcrewProfileNotReady',
    severity: 'critical',
    holds: '15m',
    expr: () =>
      `${perProfile(condition('Ready', 'true'))} == 0 unless on (namespace, name) ${perProfile('pitcrew_profile_suspended')} == 1`,
    summary: `Profile ${WHICH} has not been Ready for 15 minutes.`,
    runbook: `${DESCRIBE}: condition Ready names the object and its trouble, and what still serves. Longer than a rolling update and a migration take is longer than it should.`,
    fires: [seen('Ready', 'true', 0), [`pitcrew_profile_suspended{${SHOP}}`, STEADY(0)]],
  },
  {
    name: 'PitcrewProfileStalled',
    severity: 'critical',
    holds: '5m',
    expr: () =>
      `${perProfile(condition('Stalled', 'true'))} == 1 unless on (namespace, name) ${perProfile(condition('Valid', 'false'))} == 1`,
    summary: `Profile ${WHICH} does not get on.`,
    runbook: `${DESCRIBE}: condition Stalled tells what is waited for (an image, a Secret, room on a node, a migration). Nothing more is tried than waiting for that to change; the right image or the missing Secret is enough, without a restart of anything.`,
    fires: [seen('Stalled', 'true'), seen('Valid', 'false', 0)],
  },
  {
    name: 'PitcrewEditRefused',
    severity: 'warning',
    holds: '5m',
    expr: () => `${perProfile(condition('Valid', 'false'))} == 1`,
    summary: `The last edit of profile ${WHICH} is refused.`,
    runbook: `What ran before keeps running. ${DESCRIBE}: condition Valid tells the rule, the numbers and what to set; \`pitcrew check\` tells it before anything is applied. Whoever wants it all the same names the rule in spec.policy.acknowledge.`,
    fires: [seen('Valid', 'false')],
  },
  {
    name: 'PitcrewEditNotSeen',
    severity: 'warning',
    holds: '10m',
    expr: () =>
      `${perProfile('pitcrew_profile_generation')} > on (namespace, name) ${perProfile('pitcrew_profile_observed_generation')}`,
    summary: `An edit of profile ${WHICH} has not been looked at for 10 minutes.`,
    runbook:
      'The operator knows of it, but its passes fail or do not end. `kubectl logs -n pitcrew-system deployment/pitcrew` tells why (`pass failed`); missing rights and an API server that refuses the status are the usual causes.',
    fires: [
      [`pitcrew_profile_generation{${SHOP}}`, STEADY(3)],
      [`pitcrew_profile_observed_generation{${SHOP}}`, STEADY(2)],
    ],
  },
  {
    name: 'PitcrewConfigNotInSync',
    severity: 'critical',
    holds: '10m',
    expr: () => `${perProfile(condition('ConfigInSync', 'false'))} == 1`,
    summary: `Processes of profile ${WHICH} do not run the configuration that was rendered for them.`,
    runbook: `${DESCRIBE}: condition ConfigInSync names the tier and, where the process refused its configuration, its own words. They go on with the last good one, so that a restart may fail: mend the value that is named before that.`,
    fires: [seen('ConfigInSync', 'false')],
  },
  {
    name: 'PitcrewRestartPending',
    severity: 'info',
    holds: '1h',
    expr: () => `${perProfile(condition('RestartPending', 'true'))} == 1`,
    summary: `The database of profile ${WHICH} needs a restart to take over a setting.`,
    runbook: `${DESCRIBE}: condition RestartPending names the settings. Restart it when the site can do without: \`kubectl rollout restart -n {{ $labels.namespace }} statefulset/{{ $labels.name }}-postgres\`.`,
    fires: [seen('RestartPending', 'true')],
  },
  {
    name: 'PitcrewConnectionBudgetExceeded',
    severity: 'warning',
    holds: '15m',
    // Not before it is exceeded: a derived pool fills what there is, on purpose, and can not go beyond.
    expr: () =>
      `${perProfile('pitcrew_profile_connections_peak')} > on (namespace, name) ${perProfile('pitcrew_profile_connections_usable')}`,
    summary: `The pools of profile ${WHICH} may open more connections than PostgreSQL accepts.`,
    runbook: `It was acknowledged, or came up after admission (INV-05). The next rolling update under load may meet "too many clients already". ${DESCRIBE} tells the numbers and what to set: a smaller backend.pool, or more postgres.maxConnections.`,
    fires: [
      [`pitcrew_profile_connections_peak{${SHOP}}`, STEADY(120)],
      [`pitcrew_profile_connections_usable{${SHOP}}`, STEADY(92)],
    ],
  },
  {
    name: 'PitcrewSuspended',
    severity: 'info',
    holds: '0m',
    // Over a day instead of a `for` of a day: that would begin anew with each restart of the operator.
    expr: ({ over }) =>
      `${perProfile(`min_over_time(pitcrew_profile_suspended[${over('1d')}])`)} == 1 and on (namespace, name) ${perProfile(`max_over_time(pitcrew_profile_suspended[${over('1h')}] offset ${over('1d')})`)} == 1`,
    summary: `Profile ${WHICH} has been suspended for a day.`,
    runbook:
      'Neither edits nor repairs happen. `pitcrew` did not do this: spec.suspend or an annotation did, and condition Reconciling tells which. Take it away, or silence this alert for as long as it is meant to be.',
    fires: [[`pitcrew_profile_suspended{${SHOP}}`, STEADY(1)]],
  },
  {
    name: 'PitcrewOutOfMemory',
    severity: 'critical',
    holds: '1m',
    expr: () => 'max by (namespace, name) (pitcrew_profile_condition_reason{type="Ready",reason="OutOfMemory"}) == 1',
    summary: `A container of profile ${WHICH} was killed for want of memory.`,
    runbook: `${DESCRIBE} names the container and its limit. Raise resources.limits.memory of its tier; workers, pool and shared_buffers that are derived from it follow. On nodes with cgroup v1 the kernel ends one worker of gunicorn and the container goes on: that is not told here, its log says \`Perhaps out of memory?\`.`,
    fires: [[`pitcrew_profile_condition_reason{${SHOP},type="Ready",reason="OutOfMemory"}`, STEADY(1)]],
  },
  {
    name: 'PitcrewPodsRestarting',
    severity: 'warning',
    holds: '0m',
    expr: ({ over }) =>
      `max by (namespace, name, tier) (pitcrew_profile_restarts - min_over_time(pitcrew_profile_restarts[${over('30m')}])) >= 3`,
    summary: `Containers of the {{ $labels.tier }} of profile ${WHICH} were restarted three times within half an hour.`,
    runbook:
      '`kubectl logs --previous -n {{ $labels.namespace }} -l performance.bahamm.ir/profile={{ $labels.name }},performance.bahamm.ir/tier={{ $labels.tier }}` shows what the process said last. A probe that fails under load shows in the events of the pod.',
    fires: [[`pitcrew_profile_restarts{${SHOP},tier="backend"}`, '0+1x2000']],
  },
];

export const PROFILE_ALERTS: AlertGroup = { name: 'pitcrew-profiles', source: 'the operator', alerts };
