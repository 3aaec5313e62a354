import { metricsReference } from '../../controller/metrics/reference.ts';
import { dashboard } from './dashboard.ts';
import { alertsReference, prometheusRule, rulesFile } from './rules.ts';

/** What is generated of the monitoring, by path from the root. */
export const MONITORING_FILES: Readonly<Record<string, () => string>> = {
  'deploy/monitoring/rules.yaml': () => rulesFile(),
  'deploy/monitoring/prometheusrule.yaml': prometheusRule,
  'deploy/monitoring/dashboard.json': dashboard,
  'docs/alerts.md': alertsReference,
  'docs/metrics.md': metricsReference,
};
