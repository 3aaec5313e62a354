import { yamlOf } from '../../crds/yaml.ts';
import type { Alert, AlertGroup, Pace } from './alert.ts';
import { LIFE } from './alert.ts';
import { OPERATOR_ALERTS } from './operator-alerts.ts';
import { PROFILE_ALERTS } from './profile-alerts.ts';
import { STACK_ALERTS } from './stack-alerts.ts';

/** The alerts as Prometheus, its operator, and people read them. */

export const ALERT_GROUPS: readonly AlertGroup[] = [PROFILE_ALERTS, OPERATOR_ALERTS, ...STACK_ALERTS];
export const ALERTS: readonly Alert[] = ALERT_GROUPS.flatMap(({ alerts }) => alerts);

const HEADER = '# Generated from deploy/monitoring/ by `make generate`. Do not edit.\n';

const groupsOf = (pace: Pace) =>
  ALERT_GROUPS.map(({ name, alerts }) => ({
    name,
    rules: alerts.map(({ name: alert, expr, holds, severity, summary, runbook }) => ({
      alert,
      expr: expr(pace),
      for: pace.holds(holds),
      labels: { severity },
      annotations: { summary, description: runbook },
    })),
  }));

/** rules.yaml, for `rule_files` of Prometheus. Pure. */
export const rulesFile = (pace: Pace = LIFE): string => HEADER + yamlOf({ groups: groupsOf(pace) });

/** prometheusrule.yaml, for the Prometheus Operator. Pure. */
export const prometheusRule = (): string =>
  HEADER +
  yamlOf({
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'pitcrew', namespace: 'pitcrew-system', labels: { 'app.kubernetes.io/name': 'pitcrew' } },
    spec: { groups: groupsOf(LIFE) },
  });

/** docs/alerts.md. Pure. */
export const alertsReference = (): string => `# Alerts

Generated from \`deploy/monitoring/\` by \`make generate\`. Do not edit.

How to install them: \`deploy/monitoring/README.md\`. Groups whose source is not scraped stay silent.
${ALERT_GROUPS.map(section).join('')}`;

const section = ({ name, source, alerts }: AlertGroup): string => `
## ${name}
From ${source}.

${alerts.map(entry).join('\n')}`;

const entry = ({ name, severity, holds, expr, summary, runbook }: Alert): string => `### ${name}
${severity}, ${holds === '0m' ? 'at once' : `after ${holds}`}: ${summary}

${runbook}

\`\`\`promql
${expr(LIFE)}
\`\`\`
`;
