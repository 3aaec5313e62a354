import type { Finding } from '../../charts/findings.ts';
import { configName } from '../../charts/kit/names.ts';
import { confSettings } from '../../charts/kit/postgres-conf.ts';
import { postgresVersion } from '../../charts/postgres-version.ts';
import { CONF_NAMES, confField, ROLE_FIELDS } from '../../charts/tiers/postgres/rendered-settings.ts';
import type { Profile } from '../../crds/performance-profile.ts';
import type { Synthesis } from '../../synth/synthesis.ts';
import type { KubeObject } from '../cluster/port.ts';
import type { LiveServer, LiveSetting, Override } from '../probe/live-server.ts';
import type { Proof } from '../probe/proof.ts';
import { boundsBroken, isSame, tell } from './live-value.ts';
import { type PodDigest, processKey } from './pod-digest.ts';

/**
 * What the running PostgreSQL says against what was rendered for it: INV-22 on the live server, and PG-04. Out of view
 * is what a session sets for itself, and what is set for other roles and databases than the application's.
 */

/** The profile, and what was heard of its pods. */
export interface Heard {
  readonly profile: Profile;
  readonly pods: readonly PodDigest[];
  readonly proofs: ReadonlyMap<string, Proof>;
}

/** More would not be read, and the status has its bound. */
const MAX_FINDINGS = 20;

/** Adds what the server that has loaded this very configuration runs otherwise. It never refuses a profile. */
export function liveSettings(synthesis: Synthesis, heard: Heard): Synthesis {
  const server = serverOf(synthesis, heard);
  const findings = server === undefined ? [] : liveFindings(synthesis, heard.profile, server);
  return findings.length === 0 ? synthesis : { ...synthesis, findings: [...synthesis.findings, ...few(findings)] };
}

/** What a server runs otherwise than it was rendered. */
export function liveFindings(synthesis: Synthesis, profile: Profile, server: LiveServer): Finding[] {
  return [
    ...versionFindings(synthesis, server),
    ...settingFindings(synthesis, profile, server),
    ...overrideFindings(synthesis, profile, server),
  ];
}

/** Names that a server is asked about. The profile may not have passed its schema yet. */
export function settingsToAsk({ spec }: KubeObject): string[] {
  const { postgres } = (spec ?? {}) as { readonly postgres?: { readonly extraParameters?: unknown } };
  const extras: unknown[] = Array.isArray(postgres?.extraParameters) ? postgres.extraParameters : [];
  const names = extras.map((extra) => (extra as { readonly name?: unknown } | null)?.name);
  const isName = (name: unknown): name is string => typeof name === 'string' && /^[a-z0-9_.]{1,63}$/.test(name);
  return [...CONF_NAMES, ...ROLE_FIELDS.keys(), ...names.filter(isName)];
}

function serverOf({ configHashes }: Synthesis, { pods, proofs }: Heard): LiveServer | undefined {
  const said = pods.flatMap((pod) => (pod.tier === 'postgres' ? (proofs.get(processKey(pod)) ?? []) : []));
  // One that runs an older configuration is about to load this one.
  return said.find(({ loaded }) => loaded !== undefined && loaded === configHashes.postgres)?.server;
}

function few(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= MAX_FINDINGS) return findings;
  const told = findings.slice(0, MAX_FINDINGS - 1);
  const message = `${findings.length - told.length} more settings run otherwise than the profile says`;
  return [...told, finding('PG-04', 'postgres', message, 'mend those that are named, and the others will be')];
}

const finding = (id: string, path: string, message: string, fix: string): Finding => ({
  ...{ id, severity: 'Warning', path },
  ...{ message: plain(message), fix: plain(fix), fixes: [], acknowledged: false },
});

/** What comes from a server may hold anything. */
const plain = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ');

function versionFindings({ effective }: Synthesis, server: LiveServer): Finding[] {
  const image = String(effective.find(({ path }) => path === 'postgres.image')?.value);
  const { major, told } = postgresVersion(image);
  if (major === server.major) return [];
  const message = told
    ? `the tag of ${image} tells PostgreSQL ${major}, and what runs is ${server.major}: what depends on the version was rendered and checked for ${major}`
    : `the tag of ${image} does not tell its version: PostgreSQL ${major} was assumed, and what runs is ${server.major}`;
  const fix = `give postgres.image a tag that begins with ${server.major}: then the profile is checked against what runs`;
  return [finding('PG-00', 'postgres.image', message, fix)];
}

/** What is rendered for the server, by name. */
function renderedConf({ objects }: Synthesis, { metadata }: Profile): Map<string, string> {
  const name = configName(metadata.name, 'postgres');
  const config = objects.find(({ object }) => object.kind === 'ConfigMap' && object.metadata.name === name);
  const { data = {} } = (config?.object ?? {}) as { readonly data?: Readonly<Record<string, string>> };
  return confSettings(data['postgresql.conf'] ?? '');
}

const extraNames = ({ spec }: Profile): string[] => (spec.postgres.extraParameters ?? []).map(({ name }) => name);

function settingFindings(synthesis: Synthesis, profile: Profile, server: LiveServer): Finding[] {
  const rendered = renderedConf(synthesis, profile);
  const extras = extraNames(profile);
  return server.settings.flatMap((setting) => {
    const written = rendered.get(setting.name);
    const path = confField(setting.name, extras);
    return written === undefined ? [] : settingFinding({ setting, written, path, major: server.major });
  });
}

/** A setting of a server, what is rendered for it, and the field that this comes from. */
interface Compared {
  readonly setting: LiveSetting;
  readonly written: string;
  readonly path: string;
  readonly major: number;
}

/** Values that only our own session has say nothing about the server: they are told as overrides, if at all. */
const SERVER_WIDE = new Set(['default', 'environment variable', 'configuration file', 'command line']);

/** A session takes these when it begins, and ours may have begun a moment before the server read its file again. */
const AT_SESSION_START = new Set(['backend', 'superuser-backend']);

function settingFinding(compared: Compared): Finding[] {
  const { setting, written } = compared;
  if (!SERVER_WIDE.has(setting.source)) return [];
  const same = isSame(written, setting.value, setting);
  if (same === true) return setting.pending ? [waitingFinding(compared)] : [];
  const bounds = boundsBroken(written, setting);
  if (bounds !== undefined) return [boundsFinding(compared, bounds)];
  const isOfBefore = AT_SESSION_START.has(setting.context) && setting.file === '';
  // A change of ours that waits for the restart is told by RestartPending.
  return same === undefined || setting.pending || isOfBefore ? [] : [driftFinding(compared)];
}

function waitingFinding(compared: Compared): Finding {
  const { setting, written, path } = compared;
  const message = `${setting.name} runs with ${written} as the profile says, and a file of the server asks for another value from the next restart on`;
  return finding('PG-04', path, message, wayBack(compared));
}

function boundsFinding(compared: Compared, bounds: string): Finding {
  const { setting, path } = compared;
  const next = setting.name.includes('.') ? '' : ', and it would not start with this';
  const message = `${difference(compared)}, which this server does not take: it must be ${bounds}${next}`;
  return finding('INV-22', path, message, `set ${path}: ${setting.name} must be ${bounds}`);
}

function driftFinding(compared: Compared): Finding {
  const { setting, path } = compared;
  const { name, source, file } = setting;
  const runs = difference(compared);
  if (source === 'command line') {
    const fix = `take ${name} off the command line that starts the server`;
    return finding('PG-04', path, `${runs}: its command line overrides the profile`, fix);
  }
  if (file === '') {
    return finding('INV-22', path, `${runs}: the server has not taken it over`, 'see the log of the database for why');
  }
  const message = `${runs}: ${file.slice(file.lastIndexOf('/') + 1)} overrides the profile`;
  return finding('PG-04', path, message, `${wayBack(compared)}${orSet(path)}`);
}

const difference = ({ setting: { name, value, unit }, written }: Compared): string =>
  `${name} runs with ${tell(value, unit)} instead of ${written}`;

const orSet = (path: string): string => (path === 'postgres' ? '' : `, or set ${path} to what is wanted`);

/** From 17 on we switch ALTER SYSTEM off, which takes RESET with it. */
function wayBack({ setting: { name, file, context, pending }, major }: Compared): string {
  const place = file === '' || pending ? 'postgresql.auto.conf' : file;
  const reset = major < 17 ? `run ALTER SYSTEM RESET ${name}` : `delete the line of ${name} from ${place}`;
  return `${reset} and ${context === 'postmaster' && !pending ? 'restart the database' : 'run SELECT pg_reload_conf()'}`;
}

function overrideFindings(synthesis: Synthesis, profile: Profile, server: LiveServer): Finding[] {
  const rendered = renderedConf(synthesis, profile);
  const extras = extraNames(profile);
  const readings = new Map(server.settings.map((setting) => [setting.name, setting]));
  return server.overrides.flatMap((override) => {
    const { name, value } = override;
    const field = ROLE_FIELDS.get(name);
    const written = field === undefined ? rendered.get(name) : roleValue(synthesis, field, override);
    const reading = readings.get(name) ?? { name, unit: '', type: 'string', words: [] };
    if (written === undefined || isSame(written, value, reading) !== false) return [];
    const path = field ?? confField(name, extras);
    const whose = placeOf(override);
    const message = `sessions of the application begin with ${name} = ${value} instead of ${written}: ${whose} SET overrides the profile`;
    return [finding('PG-04', path, message, `run ${whose} RESET ${name}${orSet(path)}`)];
  });
}

/** The role's own settings are ours, and may lag behind the file for a moment; only what is stronger is not. */
function roleValue({ effective }: Synthesis, field: string, { role, database }: Override): string | undefined {
  if (role === '' || database === '') return undefined;
  const seconds = effective.find(({ path }) => path === field)?.value;
  return seconds === undefined ? '0' : `${seconds}s`;
}

function placeOf({ role, database }: Override): string {
  if (role === '') return database === '' ? 'ALTER ROLE ALL' : `ALTER DATABASE ${database}`;
  return `ALTER ROLE ${role}${database === '' ? '' : ` IN DATABASE ${database}`}`;
}
