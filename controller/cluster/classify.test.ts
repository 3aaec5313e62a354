import { describe, expect, it } from 'vitest';
import { PassCutOff } from '../loop/loop.ts';
import { classify, type FailureKind, isGone } from './classify.ts';
import { ApiError, ConnectionError, type StatusBody } from './errors.ts';

const asked = { method: 'PATCH', path: '/apis/apps/v1/namespaces/shop/deployments/web' };
const answer = (status: number, body: StatusBody = {}, path = asked.path) =>
  new ApiError(status, body, { ...asked, path });
const named = { details: { name: 'web', kind: 'deployments' } };
const unfit = {
  message:
    'failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.foo: field not declared in schema',
};
const conflict = {
  message: 'Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas',
  reason: 'Conflict',
  details: {
    causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "hpa" using apps/v1', field: '.spec.replicas' }],
  },
};

describe('classify', () => {
  it.each<[string, unknown, FailureKind, string]>([
    ['an absent object', answer(404, named), 'Gone', 'immediate'],
    ['a kind that the server does not know', answer(404, { message: '404 page not found' }), 'Rejected', 'slow'],
    [
      'a namespace that is not there',
      answer(404, { details: { name: 'shop', kind: 'namespaces' } }),
      'Rejected',
      'slow',
    ],
    ['a conflict of versions', answer(409, { reason: 'Conflict', ...named }), 'Stale', 'immediate'],
    ['an object that exists already', answer(409, { reason: 'AlreadyExists', ...named }), 'Stale', 'immediate'],
    ['history that is gone', answer(410), 'Stale', 'immediate'],
    ['a conflict of managers', answer(409, conflict), 'FieldConflict', 'slow'],
    ['a malformed object', answer(400), 'Rejected', 'slow'],
    ['a missing right or quota', answer(403), 'Rejected', 'slow'],
    ['an object too large', answer(413), 'Rejected', 'slow'],
    ['an invalid object', answer(422), 'Rejected', 'slow'],
    ['a namesake', answer(422, { details: { causes: [{ field: 'metadata.uid' }] } }), 'Stale', 'immediate'],
    ['an object that does not fit its schema', answer(500, unfit), 'Rejected', 'slow'],
    [
      'a value that cannot be read',
      answer(500, {
        message: 'failed to convert new object (shop/db; /v1, Kind=Service) to proper version: quantities must',
      }),
      'Rejected',
      'slow',
    ],
    ['credentials not yet renewed', answer(401), 'Unavailable', 'backoff'],
    ['too many requests', answer(429), 'Unavailable', 'backoff'],
    ['an error of the server', answer(500), 'Unavailable', 'backoff'],
    ['a server that is not there', answer(503), 'Unavailable', 'backoff'],
    ['a media type that is not known', answer(415), 'Bug', 'backoff'],
    ['a broken connection', new ConnectionError('other side closed', asked), 'Unavailable', 'backoff'],
    ['the end of a pass', new PassCutOff('deadline'), 'Unavailable', 'backoff'],
    ['an abort', new DOMException('stopped', 'AbortError'), 'Unavailable', 'backoff'],
    ['a mistake of ours', new TypeError('x is undefined'), 'Bug', 'backoff'],
    ['anything at all', 'a string', 'Bug', 'backoff'],
    [
      'a namespace on its way out',
      answer(403, { details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] } }),
      'Terminating',
      'slow',
    ],
    ['nothing at all', undefined, 'Bug', 'backoff'],
  ])('%s', (_what, error, kind, pace) => {
    expect(classify(error)).toMatchObject({ kind, pace, cause: error });
  });

  it('keeps the words of the server and names the fields', () => {
    const body = {
      message: 'Deployment.apps "web" is invalid: spec.selector: Invalid value: field is immutable',
      details: { causes: [{ reason: 'FieldValueInvalid', message: 'field is immutable', field: 'spec.selector' }] },
    };
    expect(classify(answer(422, body))).toMatchObject({
      message: body.message,
      causes: [{ field: 'spec.selector', message: 'field is immutable' }],
    });
  });

  it('says who holds a field', () => {
    expect(classify(answer(409, conflict)).causes).toEqual([
      { field: '.spec.replicas', message: 'conflict with "hpa" using apps/v1', manager: 'hpa' },
    ]);
  });

  it('finds the field in the words of the server where it stands nowhere else', () => {
    expect(classify(answer(500, unfit)).causes).toEqual([
      { field: '.spec.foo', message: 'field not declared in schema' },
    ]);
    expect(classify(answer(500, { message: 'etcd (x): .y: down' })).causes).toEqual([]);
  });

  it('cuts the middle out of what is too long', () => {
    const message = `patch: Invalid value: ${'x'.repeat(5_000)}: unknown field "dota"`;
    const failure = classify(answer(422, { message, details: { causes: [{ field: 'patch', message }] } }));
    expect(failure.message).toHaveLength(1_003);
    expect(failure.message).toMatch(/^patch: .* … .*unknown field "dota"$/);
    expect(failure.causes[0]?.message).toHaveLength(1_003);
  });

  it('keeps what the server asked to wait, from the header or from the body', () => {
    expect(classify(new ApiError(429, {}, asked, 3_000)).retryAfterMs).toBe(3_000);
    expect(classify(answer(503, { details: { retryAfterSeconds: 2 } })).retryAfterMs).toBe(2_000);
    expect(classify(answer(503)).retryAfterMs).toBeUndefined();
  });

  it('tells nothing about a mistake of ours', () => {
    expect(classify(new TypeError('reading password of undefined')).message).toBe('internal error');
  });

  it('never repeats what stood in a Secret', () => {
    const body = {
      message: 'Secret "db" is invalid: data[password]: Invalid value: "hunter2": must be base64',
      details: { name: 'db', causes: [{ field: 'data[password]', message: 'Invalid value: "hunter2"' }] },
    };
    const failure = classify(answer(422, body, '/api/v1/namespaces/shop/secrets/db'));
    expect(JSON.stringify({ ...failure, cause: undefined })).not.toContain('hunter2');
    expect(failure).toMatchObject({ kind: 'Rejected', causes: [{ field: 'data[password]' }] });
  });

  it('answers the most frequent question', () => {
    expect(isGone(answer(404, named))).toBe(true);
    expect(isGone(new Error('404'))).toBe(false);
  });
});
