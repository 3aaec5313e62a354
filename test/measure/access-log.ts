import { type Kubectl, waitFor } from '../support/kubectl.ts';

/** Requests that an nginx has passed on, by its own access log: one JSON object a line, in both stacks. */
export async function passedOn(
  kubectl: Kubectl,
  at: { namespace: string; pod: string },
  uri: string,
  asked: number,
): Promise<number> {
  return waitFor(`${asked} lines about ${uri} in the log of ${at.pod}`, async () => {
    const text = await kubectl.run('logs', at.pod, '-n', at.namespace, '--tail=5000');
    const lines = text.split('\n').filter((line) => line.includes(`"uri":"${uri}"`));
    if (lines.length < asked) return undefined;
    // "502, 200" is one request that was sent twice.
    return lines.flatMap((line) => upstreamStatuses(line)).length;
  });
}

function upstreamStatuses(line: string): string[] {
  const { upstream_status } = JSON.parse(line) as { upstream_status: string };
  return upstream_status.split(/[, :]+/).filter((status) => /^\d+$/.test(status));
}
