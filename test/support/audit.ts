import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A request as the API server's audit log has it: the only judge of who wrote what. */
export interface Write {
  readonly verb: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string | undefined;
  readonly at: string;
}

/** What is written beside the work. */
const APART = new Set(['leases', 'selfsubjectaccessreviews']);
const WRITE_VERBS = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
export const OPERATOR_USER = 'system:serviceaccount:pitcrew-system:pitcrew';

export interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly subresource?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

const CHUNK_BYTES = 1024 * 1024;
/** Lines are written as requests end, by many at a time. */
const DISORDER_MS = 5_000;

/** The end of the log, which holds at least all lines since a moment: a log of hours is not read for its last second. */
function linesSince(auditLog: string, since: Date): string[] {
  const file = openSync(auditLog, 'r');
  try {
    const { size } = fstatSync(file);
    for (let bytes = CHUNK_BYTES; ; bytes *= 2) {
      const from = Math.max(0, size - bytes);
      const buffer = Buffer.alloc(size - from);
      readSync(file, buffer, 0, buffer.length, from);
      const lines = buffer.toString('utf8').split('\n');
      // The first is cut off, and the last may not be whole yet.
      const whole = lines.slice(from === 0 ? 0 : 1, -1);
      if (from === 0 || isBefore(whole[0], since)) return whole;
    }
  } finally {
    closeSync(file);
  }
}

const isBefore = (line: string | undefined, since: Date): boolean =>
  line !== undefined && Date.parse((JSON.parse(line) as AuditEvent).stageTimestamp) < since.getTime() - DISORDER_MS;

/** What one user has asked and got an answer to, of these lines of the log. */
export function answeredIn(lines: readonly string[], user: string): AuditEvent[] {
  return lines
    .filter((line) => line.includes(user))
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter((event) => event.stage === 'ResponseComplete' && event.user?.username === user);
}

/** The same since a moment. */
function answeredSince(auditLog: string, since: Date, user: string): AuditEvent[] {
  return answeredIn(linesSince(auditLog, since), user).filter(
    (event) => new Date(event.requestReceivedTimestamp) >= since,
  );
}

/** What one user was denied since a moment for want of a right: `list pods in all`. */
export function denialsSince(auditLog: string, since: Date, user: string): string[] {
  return answeredSince(auditLog, since, user)
    .filter(({ responseStatus }) => responseStatus?.code === 403)
    .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource} in ${objectRef?.namespace ?? 'all'}`);
}

/**
 * What one user has used since a moment, as `verb resource` or `verb resource/subresource`. Applying what was not there
 * takes the right to create, which the log shows by the answer only.
 */
export function rightsUsed(auditLog: string, since: Date, user: string = OPERATOR_USER): string[] {
  const used = answeredSince(auditLog, since, user)
    .filter(({ objectRef, responseStatus }) => objectRef?.resource !== undefined && responseStatus?.code !== 403)
    .filter(({ objectRef }) => objectRef?.resource !== 'selfsubjectaccessreviews')
    .flatMap(({ verb, objectRef: { resource, subresource } = {}, responseStatus }) => {
      const what = subresource === undefined ? resource : `${resource}/${subresource}`;
      return verb === 'patch' && responseStatus?.code === 201
        ? [`patch ${what}`, `create ${what}`]
        : [`${verb} ${what}`];
    });
  return [...new Set(used)].sort();
}

/**
 * When each write of one user since a moment came in, by the credential it came with, in the order of their coming. Each
 * token of a ServiceAccount has an id (`JTI=…`), so two processes with a token each are told apart.
 */
export function writersSince(auditLog: string, since: Date, user: string = OPERATOR_USER): Writer[] {
  return answeredSince(auditLog, since, user)
    .filter(({ verb, objectRef }) => WRITE_VERBS.has(verb) && !APART.has(objectRef?.resource ?? ''))
    .map(({ user: who, requestReceivedTimestamp: at, verb, objectRef }) => ({
      credential: who?.extra?.['authentication.kubernetes.io/credential-id']?.[0] ?? '',
      at: new Date(at),
      what: `${verb} ${objectRef?.resource} ${objectRef?.name ?? ''}`,
    }))
    .sort((one, other) => one.at.getTime() - other.at.getTime());
}

/** Who wrote when. */
export interface Writer {
  readonly credential: string;
  readonly at: Date;
  readonly what: string;
}

/** All requests of one user since a moment that have an answer, reads among them, Leases and questions about rights left out. */
export function requestsSince(auditLog: string, since: Date, user: string = OPERATOR_USER): Write[] {
  return answeredSince(auditLog, since, user)
    .filter(({ objectRef }) => !APART.has(objectRef?.resource ?? ''))
    .map(requestOf);
}

const requestOf = ({ verb, objectRef, requestReceivedTimestamp: at }: AuditEvent): Write => ({
  verb,
  resource: objectRef?.resource ?? '',
  name: objectRef?.name ?? '',
  subresource: objectRef?.subresource,
  at,
});

/** Writes by one user since a moment, Leases and questions about rights left out. */
export function writesSince(auditLog: string, since: Date, user: string = OPERATOR_USER): Write[] {
  return requestsSince(auditLog, since, user).filter(({ verb }) => WRITE_VERBS.has(verb));
}
