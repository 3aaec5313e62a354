import type { Service } from './compose/service.ts';
import { serverIn } from './server-command.ts';
import { type Role, UnreadableError } from './source.ts';

/** Which service of a compose file is what. */

export interface Roles {
  readonly edge: Service | undefined;
  readonly backend: Service;
  readonly frontend: Service | undefined;
  readonly postgres: Service | undefined;
  /** A proxy that is not nginx, whose rules are not read. */
  readonly otherProxy: Service | undefined;
  readonly others: readonly Service[];
}

/** How much speaks for a role; below 1 nothing does. */
type Score = (service: Service) => number;

const image = ({ image: name = '' }: Service): string => name.replace(/@.*$/, '').toLowerCase();
const isNamed = (service: Service, pattern: RegExp): number => (pattern.test(service.name) ? 1 : 0);
const has = (service: Service, pattern: RegExp): boolean => service.environment.some(({ name }) => pattern.test(name));
const commandText = ({ entrypoint = [], command = [] }: Service): string => [...entrypoint, ...command].join(' ');

const POSTGRES_IMAGE = /(^|\/)(postgres(ql)?|postgis|timescaledb(-ha)?|pgvector|alloydbomni)(:|$|-)/;
const NGINX_IMAGE = /(^|\/)(nginx(-unprivileged)?|openresty)(:|$|-)/;
const PROXY_IMAGE = /(^|\/)(traefik|caddy|haproxy|httpd|envoy|apisix|swag|nginx-proxy(-manager)?)(:|$|-)/;
/** Services of the images of others, and workers that run the image of the backend. */
const NO_WEB_SERVER = /celery|\brq\b|dramatiq|arq\b|huey|worker|beat|scheduler|flower|migrat/;

const SCORES: Readonly<Record<Role, Score>> = {
  postgres: (service) => (POSTGRES_IMAGE.test(image(service)) ? 4 + isNamed(service, /^(db|postgres|database)/i) : 0),
  edge: (service) =>
    NGINX_IMAGE.test(image(service)) ? 4 : service.isBuilt ? 2 * isNamed(service, /nginx|^(proxy|edge|gateway)$/i) : 0,
  backend: (service) => {
    if (isForeign(service) || (NO_WEB_SERVER.test(commandText(service)) && serverOf(service) === undefined)) return 0;
    const server = serverOf(service) === undefined ? 0 : 6;
    const database = has(service, /DATABASE|POSTGRES|^PG|^DB_|SQLALCHEMY/i) ? 1 : 0;
    return server + database + 2 * isNamed(service, /backend|api|django|fastapi|server|^(app|web)$/i);
  },
  frontend: (service) => {
    if (isForeign(service) || serverOf(service) !== undefined) return 0;
    const node = /\b(next|node|npm|pnpm|yarn|bun)\b/.test(commandText(service)) || /(^|\/)node:/.test(image(service));
    const next = has(service, /^(NEXT_|NODE_ENV$|NODE_OPTIONS$)/) ? 2 : 0;
    return (node ? 3 : 0) + next + 3 * isNamed(service, /front|next|client|^(ui|www|shop-web|web)$/i);
  },
};

function isForeign(service: Service): boolean {
  const name = image(service);
  const isKnown = /(^|\/)(redis|valkey|rabbitmq|mongo|mysql|mariadb|memcached|pgbouncer|minio|elasticsearch|grafana)/;
  return [POSTGRES_IMAGE, NGINX_IMAGE, PROXY_IMAGE, isKnown].some((pattern) => pattern.test(name));
}

export const serverOf = (service: Service) => serverIn(service.entrypoint, service.command);

/** Throws UnreadableError where no service can be the backend, or where a name that the user gave is none. */
export function rolesOf(services: readonly Service[], chosen: Readonly<Partial<Record<Role, string>>>): Roles {
  const taken = new Set(Object.values(chosen));
  const pick = (role: Role): Service | undefined => {
    const name = chosen[role];
    if (name !== undefined) return named(services, role, name);
    const best = services
      .filter((service) => !taken.has(service.name))
      .map((service) => ({ service, score: SCORES[role](service) }))
      .filter(({ score }) => score >= 1)
      .sort((a, b) => b.score - a.score)[0]?.service;
    if (best !== undefined) taken.add(best.name);
    return best;
  };
  const postgres = pick('postgres');
  const edge = pick('edge');
  const frontendFirst = chosen.frontend === undefined ? undefined : pick('frontend');
  const backend = pick('backend');
  if (backend === undefined) {
    throw new UnreadableError('no service runs gunicorn or uvicorn: name the one that does by --backend SERVICE');
  }
  const frontend = frontendFirst ?? pick('frontend');
  const others = services.filter(
    ({ name }) => ![edge, backend, frontend, postgres].some((role) => role?.name === name),
  );
  const otherProxy = others.find((service) => PROXY_IMAGE.test(image(service)));
  return { edge, backend, frontend, postgres, otherProxy, others };
}

function named(services: readonly Service[], role: Role, name: string): Service {
  const service = services.find((each) => each.name === name);
  if (service !== undefined) return service;
  throw new UnreadableError(
    `--${role} ${name}: there is no such service; there are ${services.map((each) => each.name).join(', ')}`,
  );
}

/** What a service that has no role is, for the note about it. */
export function whatIs(service: Service): string {
  const name = image(service);
  if (PROXY_IMAGE.test(name)) return 'another proxy, whose rules are not read: nginx of pitcrew takes its place';
  if (NO_WEB_SERVER.test(commandText(service)) || NO_WEB_SERVER.test(service.name))
    return 'a worker beside the web server: run it as a Deployment of your own, with the same image and Secret';
  if (/pgbouncer|pgpool/.test(name)) return 'a pooler: not needed, the budget of connections is derived from the pools';
  if (/certbot|acme/.test(name)) return 'it renews certificates: cert-manager does that in Kubernetes';
  return 'not part of the stack that pitcrew runs: run it by manifests of your own in the same namespace';
}
