import { OPERATIONS, SUPERUSER_RESERVED } from '../connections.ts';
import { KEEPALIVE_MARGIN_SECONDS } from '../derivations/arithmetic.ts';
import { DERIVED_CEILING } from '../derivations/pool.ts';
import { HEARTBEAT_MARGIN_SECONDS, HEARTBEAT_SECONDS } from '../derivations/timeouts.ts';
import { defaultOf } from '../effective.ts';
import { MANAGED } from '../stack.ts';
import { cel, clamp, define, greatest, least, raw } from './cel.ts';
import { given, said, value } from './fields.ts';

/**
 * Values in force that several rules read, as far as the object alone tells them. What is derived from the node, or
 * from much else, has a stand-in here; with each stands why no warning that rests on it can be wrong.
 */

export const hasFrontend = raw('has(object.spec.frontend)');
/** Whether the operator runs the database. */
export const managed = define('managed', cel`${value('postgres.mode', MANAGED)} == ${MANAGED}`);

/** Derived from the CPU and memory of a pod; at least one. */
export const workers = value('backend.workers', 1);
/** The least that is derived. It is just that where the rest of the profile leaves no room for more. */
export const poolSize = value('backend.pool.size', 1);
export const maxOverflow = value('backend.pool.maxOverflow', 0);
/** Follows from the pool, up to this. */
const maxConnections = value('postgres.maxConnections', DERIVED_CEILING);

/** INV-05, as charts/connections.ts counts it. */
export const connections = define(
  'connections',
  cel`${value('backend.replicas')} * ${workers} * (${poolSize} + ${maxOverflow})`,
);
const free = cel`${maxConnections} - ${SUPERUSER_RESERVED + OPERATIONS} - ${value('postgres.reservedConnections')}`;
export const usable = define('usableConnections', greatest(free, 0));
export const tooManyConnections = define(
  'tooManyConnections',
  cel`(${managed} || ${given('postgres.maxConnections')}) && 2 * ${connections} > ${usable}`,
);

/** The ladder of timeouts, as charts/derivations/timeouts.ts has it. */
export const deadline = value('requestDeadlineSeconds');
const statementSaid = cel`${given('postgres.statementTimeoutSeconds')} ? ${said('postgres.statementTimeoutSeconds')} : 0`;
export const poolWait = value(
  'backend.pool.timeoutSeconds',
  clamp(least(cel`${deadline} / 9`, cel`${deadline} - ${statementSaid} - 1`), 1, 30),
);
export const statement = value(
  'postgres.statementTimeoutSeconds',
  clamp(least(cel`2 * ${deadline} / 3`, cel`${deadline} - ${poolWait} - 1`), 1, 600),
);
export const heartbeat = value(
  'backend.timeoutSeconds',
  clamp(cel`${statement} + ${HEARTBEAT_MARGIN_SECONDS}`, HEARTBEAT_SECONDS, 600),
);

/** How long nginx keeps idle connections to a server, and the server those of nginx (INV-06). */
export const upstreamIdle = value('edge.upstreamKeepalive.timeoutSeconds');
export const serverIdle = (server: 'backend' | 'frontend') =>
  value(`${server}.keepAliveSeconds`, cel`${upstreamIdle} + ${KEEPALIVE_MARGIN_SECONDS}`);

/** Who the clients are, as charts/derivations/edge.ts has it. */
export const provider = value('edge.cdn.provider');
const hasIngress = raw('has(object.spec.edge.ingress)');
const serviceType = value(
  'edge.service.type',
  cel`${hasIngress} && !${given('edge.service.externalTrafficPolicy')} ? ${'ClusterIP'} : ${defaultOf('edge.service.type')}`,
);
export const isExposed = define('isExposed', cel`${serviceType} != ${'ClusterIP'}`);
const proxied = cel`${provider} == ${'Cloudflare'} ? ${'CFConnectingIP'} : ${defaultOf('edge.clientIdentity.source')}`;
export const clientSource = value(
  'edge.clientIdentity.source',
  cel`${hasIngress} && !${isExposed} ? ${'XForwardedFor'} : ${proxied}`,
);
