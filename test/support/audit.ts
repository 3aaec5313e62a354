import { readFileSync } from 'node:fs';

/** The API server's audit log: the only judge of who wrote what. */
export interface Write {
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string | undefined;
  readonly at: string;
}

const WRITE_VERBS = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
export const OPERATOR_USER = 'system:serviceaccount:pitcrew-system:pitcrew';

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user?: { readonly username?: string };
  readonly objectRef?: { readonly resource?: string; readonly name?: string; readonly subresource?: string };
  readonly requestReceivedTimestamp: string;
}

/** Writes by one user since a moment, Leases and questions about rights left out. */
export function writesSince(auditLog: string, since: Date, user: string = OPERATOR_USER): Write[] {
  return readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(user))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter(
      (event) => event.stage === 'ResponseComplete' && event.user?.username === user && WRITE_VERBS.has(event.verb),
    )
    .filter((event) => new Date(event.requestReceivedTimestamp) >= since)
    .filter((event) => !['leases', 'selfsubjectaccessreviews'].includes(event.objectRef?.resource ?? ''))
    .map((event) => ({
      verb: event.verb,
      resource: event.objectRef?.resource ?? '',
      name: event.objectRef?.name ?? '',
      subresource: event.objectRef?.subresource,
      at: event.requestReceivedTimestamp,
    }));
}
