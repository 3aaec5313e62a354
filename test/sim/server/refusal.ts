import type { StatusBody } from '../../../controller/cluster/errors.ts';

/** The server says no, in the form of `meta/v1 Status`. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: StatusBody;

  constructor(status: number, reason: string, message: string, details: StatusBody['details'] = {}) {
    super(message);
    this.status = status;
    this.body = { code: status, reason, message, details };
  }
}

/** Which object a refusal is about; `kind` is the plural. */
export interface About {
  readonly plural: string;
  readonly name: string;
}

const detailsOf = ({ plural, name }: About) => ({ kind: plural, name });

export const notFound = (about: About): Refusal =>
  new Refusal(404, 'NotFound', `${about.plural} "${about.name}" not found`, detailsOf(about));

export const alreadyExists = (about: About): Refusal =>
  new Refusal(409, 'AlreadyExists', `${about.plural} "${about.name}" already exists`, detailsOf(about));

export const conflict = (about: About, why: string): Refusal =>
  new Refusal(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${about.plural} "${about.name}": ${why}`,
    detailsOf(about),
  );

export const invalid = (about: About, field: string, why: string): Refusal =>
  new Refusal(422, 'Invalid', `"${about.name}" is invalid: ${field}: ${why}`, {
    ...detailsOf(about),
    causes: [{ reason: 'FieldValueInvalid', field, message: why }],
  });

export const tooOld = (): Refusal => new Refusal(410, 'Expired', 'too old resource version');

export const terminating = (about: About, namespace: string): Refusal =>
  new Refusal(403, 'Forbidden', `"${about.name}" is forbidden: namespace ${namespace} is being terminated`, {
    ...detailsOf(about),
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
