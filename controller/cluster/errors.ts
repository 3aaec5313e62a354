/** One field that the server complains about. */
export interface StatusCause {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly field?: string | undefined;
}

/** The server's answer when it says no; fields as in `meta/v1 Status`. */
export interface StatusBody {
  readonly message?: string | undefined;
  readonly reason?: string | undefined;
  readonly code?: number | undefined;
  readonly details?:
    | {
        readonly name?: string | undefined;
        readonly kind?: string | undefined;
        readonly causes?: readonly StatusCause[] | undefined;
        readonly retryAfterSeconds?: number | undefined;
      }
    | undefined;
}

/** What was asked when something went wrong. Never holds a body or a header, so never a secret. */
export interface Asked {
  readonly method: string;
  readonly path: string;
}

/** Longer than an API server ever asks for; what stands in front of it may ask for a day. */
const LONGEST_WAIT_MS = 120_000;

/** The server answered, and the answer is no. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: StatusBody;
  readonly asked: Asked;
  /** For how long the server wants to be left alone; at most two minutes. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, body: StatusBody, asked: Asked, retryAfterMs?: number) {
    super(body.message ?? `the server answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.body = body;
    this.asked = asked;
    const waitMs = retryAfterMs ?? secondsOf(body);
    this.retryAfterMs = waitMs === undefined ? undefined : Math.min(waitMs, LONGEST_WAIT_MS);
  }
}

/** No usable answer: no connection, a broken one, none in time, or bytes that are no JSON. */
export class ConnectionError extends Error {
  readonly asked: Asked;

  constructor(message: string, asked: Asked, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ConnectionError';
    this.asked = asked;
  }
}

/** A write was kept back on this side: whoever guards writes did not let it pass. */
export class WriteRefused extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'WriteRefused';
  }
}

const secondsOf = (body: StatusBody): number | undefined =>
  body.details?.retryAfterSeconds === undefined || body.details.retryAfterSeconds <= 0
    ? undefined
    : body.details.retryAfterSeconds * 1000;

/** The server no longer has the history from the asked resourceVersion on: list anew. */
export const isTooOld = (error: unknown): boolean => error instanceof ApiError && error.status === 410;
