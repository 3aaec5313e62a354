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
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
}

/** What one user has asked since a moment, and got an answer to. */
function answeredSince(auditLog: string, since: Date, user: string): AuditEvent[] {
  return readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(user))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter((event) => event.stage === 'ResponseComplete' && event.user?.username === user)
    .filter((event) => new Date(event.requestReceivedTimestamp) >= since);
}

/** What one user was denied since a moment for want of a right: `list pods in all`. */
export function denialsSince(auditLog: string, since: Date, user: string): string[] {
  return answeredSince(auditLog, since, user)
    .filter(({ responseStatus }) => responseStatus?.code === 403)
    .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource} in ${objectRef?.namespace ?? 'all'}`);
}

/** Writes by one user since a moment, Leases and questions about rights left out. */
export function writesSince(auditLog: string, since: Date, user: string = OPERATOR_USER): Write[] {
  return answeredSince(auditLog, since, user)
    .filter(({ verb }) => WRITE_VERBS.has(verb))
    .filter((event) => !['leases', 'selfsubjectaccessreviews'].includes(event.objectRef?.resource ?? ''))
    .map((event) => ({
      verb: event.verb,
      resource: event.objectRef?.resource ?? '',
      name: event.objectRef?.name ?? '',
      subresource: event.objectRef?.subresource,
      at: event.requestReceivedTimestamp,
    }));
}
