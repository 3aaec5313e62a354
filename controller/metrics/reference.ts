import { CATALOG } from './catalog.ts';
import type { Definition } from './exposition.ts';

/** docs/metrics.md: every metric of the operator, from the list that the process itself is made of. Pure. */
export function metricsReference(): string {
  return `# Metrics of the operator

Generated from \`controller/metrics/catalog.ts\` by \`make generate\`. Do not edit.

\`GET /metrics\` on the health port (\`PITCREW_HEALTH_PORT\`, 8080), or on a port of its own:

| variable | meaning |
|---|---|
| \`PITCREW_METRICS_PORT\` | serve \`/metrics\` there and not on the health port |
| \`PITCREW_METRICS_TLS_CERT_FILE\`, \`PITCREW_METRICS_TLS_KEY_FILE\` | speak TLS on that port; renewed files are taken over with the next connection |
| \`PITCREW_METRICS_AUTH=Kubernetes\` | ask for a bearer token: TokenReview says whose it is, SubjectAccessReview whether they may \`get\` the path \`/metrics\`; bind the operator's ServiceAccount to \`system:auth-delegator\` |

\`/healthz\` and \`/readyz\` stay open to the kubelet. Series of a profile end with the profile. The metrics have a label
\`namespace\` of their own, so scrape with \`honor_labels: true\`. What to do with them: \`deploy/monitoring/\`.

| name | type | labels | meaning |
|---|---|---|---|
${CATALOG.map(row).join('\n')}
`;
}

function row({ name, type, labels, help }: Definition): string {
  const named = labels.map((label) => `\`${label}\``).join(' ');
  return `| \`${name}\` | ${type} | ${named} | ${help.replaceAll('<', '&lt;').replaceAll('|', '\\|')} |`;
}
