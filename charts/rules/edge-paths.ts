import type { Spec } from '../../crds/performance-profile.ts';
import { bytes } from '../../crds/units.ts';
import { type Cel, cel, define, raw, say } from '../admission/cel.ts';
import { given, said, value } from '../admission/fields.ts';
import { bytesOf } from '../admission/quantities.ts';
import { hasFrontend } from '../admission/values.ts';
import type { Admission, Rule, RuleInput, Verdict } from '../findings.ts';
import { backendHealthPath, backendPaths } from '../stack.ts';
import { PERSONAL, segmentIn, UNCACHEABLE } from '../tiers/edge/delicate-paths.ts';
import { cachedPaths, withSlash } from '../tiers/edge/locations.ts';

/** What may be kept for everybody, and who answers which path. A leak of one user's answer to another is an Error. */

const LISTED = 'edge.cache.api.paths';
/** A spec in which the user says nothing, to ask for defaults. */
const NOTHING_SAID: Spec = { edge: { hosts: [] }, backend: { image: '' }, postgres: {} };

export const EDGE_PATH_RULES: readonly Rule[] = [
  {
    id: 'INV-01',
    path: 'edge.cache.api.privateCookies',
    check: (input) => {
      const { effective } = input;
      const paths = keptPaths(input);
      const named = effective.find('edge.cache.api.privateCookies') ?? [];
      if (paths.length === 0 || named.length > 0 || effective.value('edge.cache.api.otherCookies') === 'Private')
        return undefined;
      return {
        severity: 'Error',
        message: `no cookie counts as private, but ${list(paths)} ${paths.length === 1 ? 'is' : 'are'} cached: if the application knows anybody by a cookie, one user gets the answer of another`,
        fixes: [{ 'edge.cache.api.otherCookies': 'Private' }, { 'edge.cache.api.paths': [] }],
        advice: 'name the cookies that identify a user in edge.cache.api.privateCookies',
      };
    },
    admission: [cookieWarning()],
  },
  {
    id: 'INV-02',
    path: 'edge.cache.api.paths',
    check: (input) => {
      const wrong = keptPaths(input).flatMap((path) => {
        const root = backendPaths(input.spec).find((prefix) => isWithin(prefix, path));
        const segment = segmentIn(PERSONAL, path);
        if (root !== undefined) return [{ path, why: `${path} is all that the backend serves below ${root}` }];
        return segment === undefined ? [] : [{ path, why: `${path} is somebody's own by its name (${segment})` }];
      });
      return refusal(
        input,
        wrong,
        'only what is the same for everybody may be cached: nginx itself heeds neither Authorization nor cookies',
      );
    },
    admission: [personalWarning()],
  },
  {
    id: 'INV-03',
    path: 'edge.cache.api.paths',
    check: (input) => {
      const health = backendHealthPath(input.spec);
      const wrong = listedPaths(input).flatMap((path) => {
        if (withSlash(path) === withSlash(health)) return [{ path, why: `${path} tells whether the backend lives` }];
        const segment = segmentIn(UNCACHEABLE, path);
        return segment === undefined ? [] : [{ path, why: `${path} is about ${segment}` }];
      });
      return refusal(
        input,
        wrong,
        'health, login, administration and streams are never cached: a monitor would be told for 5 minutes that a dead backend lives',
      );
    },
    admission: [delicateWarning()],
  },
  {
    id: 'NG-01',
    path: 'edge.cache.api.paths',
    check: (input) => {
      const kept = new Set(cachedPaths(viewOf(input)));
      const outside = listedPaths(input).filter((path) => !kept.has(path));
      if (outside.length === 0) return undefined;
      return {
        severity: 'Warning',
        message: `${list(outside)} ${outside.length === 1 ? 'lies' : 'lie'} outside of what the backend serves (${list(backendPaths(input.spec))}): pages of the frontend are never cached, so this has no effect`,
        fixes: [{ 'edge.cache.api.paths': without(input, outside) }],
      };
    },
    admission: [outsideWarning()],
  },
  { id: 'NG-40', path: 'uploads.path', check: uploadsCollide },
];

/** Uploads are files from a volume: below their path nobody else is asked. */
function uploadsCollide(input: RuleInput): Verdict {
  const { spec } = input;
  if (spec.uploads === undefined) return undefined;
  const own = spec.uploads.path;
  const claims = [
    ...backendPaths(spec).filter((path) => withSlash(path) !== '/'),
    ...(spec.frontend === undefined ? [] : ['/_next/']),
    ...keptPaths(input),
    '/.well-known/acme-challenge/',
  ];
  const hidden = claims.filter((path) => isWithin(path, own));
  if (withSlash(own) !== '/' && hidden.length === 0) return undefined;
  const free = ['/uploads/', '/media/', '/files/', '/uploaded-files/'].find(
    (path) => !claims.some((claim) => isWithin(claim, path)),
  );
  return {
    severity: 'Error',
    message:
      withSlash(own) === '/'
        ? 'uploads.path / makes the whole site a folder of files: no page is ever answered'
        : `uploads.path ${own} hides ${list(hidden)}: files of the volume are served there and nobody else is asked`,
    fixes: free === undefined ? [] : [{ 'uploads.path': free }],
  };
}

function refusal(input: RuleInput, wrong: readonly { path: string; why: string }[], reason: string) {
  if (wrong.length === 0) return undefined;
  return {
    severity: 'Error' as const,
    message: `${wrong.map(({ why }) => why).join(', ')}: ${reason}`,
    fixes: [
      {
        'edge.cache.api.paths': without(
          input,
          wrong.map(({ path }) => path),
        ),
      },
    ],
  };
}

const viewOf = ({ spec, effective }: RuleInput) => ({ spec, value: effective.value });
const listedPaths = ({ effective }: RuleInput): readonly string[] => effective.value('edge.cache.api.paths');
/** Paths that are cached, unless the cache is switched off; one that is only too small may grow. */
const keptPaths = (input: RuleInput): readonly string[] =>
  bytes(input.effective.value('edge.cache.maxSize')) === 0 ? [] : cachedPaths(viewOf(input));
const without = (input: RuleInput, paths: readonly string[]): string[] =>
  listedPaths(input).filter((path) => !paths.includes(path));
/** Whether a path is the other one or lies below it. */
const isWithin = (path: string, other: string): boolean => withSlash(path).startsWith(withSlash(other));
const list = (paths: readonly string[]): string => [...new Set(paths)].join(', ');

/** Paths with a slash at their end, by the names that the rules give them. */
function pathLists() {
  const slashed = (paths: Cel): Cel => raw(`${paths.text}.map(p, p.endsWith('/') ? p : p + '/')`, paths);
  const served = define('servedPaths', slashed(value('backend.paths', backendPaths(NOTHING_SAID))));
  const listed = define('listedPaths', slashed(value(LISTED)));
  const isServed = cel`!${hasFrontend} || ${served}.exists(s, p.startsWith(s))`;
  return { served, listed, cached: define('cachedPaths', cel`${listed}.filter(p, ${isServed})`), isServed };
}

/** Paths for which it holds, as `p`. */
function pathWarning(name: string, paths: Cel, isWrong: Cel, why: string): Omit<Admission, 'refused'> {
  const wrong = define(name, cel`${paths}.filter(p, ${isWrong})`);
  return {
    wrong: cel`size(${wrong}) > 0`,
    says: say`${cel`${wrong}.join(', ')`} ${why}`,
    fix: say`take it out of ${LISTED}`,
  };
}

function hasSegment(names: readonly string[]): Cel {
  return cel`p.split('/').exists(s, s.lowerAscii() in ${names})`;
}

function isOn(): Cel {
  return cel`${bytesOf(value('edge.cache.maxSize'))} > 0`;
}

function cookieWarning(): Admission {
  const [named, others] = ['edge.cache.api.privateCookies', 'edge.cache.api.otherCookies'] as const;
  const isPrivate = cel`${value(others, cel`${given(named)} ? ${'Harmless'} : ${'Private'}`)} == ${'Private'}`;
  const isNamed = cel`${given(named)} && size(${said(named)}) > 0`;
  return {
    wrong: cel`${isOn()} && size(${pathLists().cached}) > 0 && !${isPrivate} && !${isNamed}`,
    says: say`no cookie counts as private, but paths are cached: if the application knows anybody by a cookie, one user gets the answer of another`,
    refused: true,
    fix: say`set ${others} to Private`,
  };
}

function personalWarning(): Admission {
  const { cached, served } = pathLists();
  const isWrong = cel`${isOn()} && (${served}.exists(s, s.startsWith(p)) || ${hasSegment(PERSONAL)})`;
  const warning = pathWarning(
    'personalPaths',
    cached,
    isWrong,
    "is all of the API or somebody's own: one user would get the answer of another",
  );
  return { ...warning, refused: true };
}

function delicateWarning(): Admission {
  const health = value('backend.healthPath', backendHealthPath(NOTHING_SAID));
  const isHealth = cel`p == ${health} || p == ${health} + ${'/'}`;
  const isWrong = cel`${isHealth} || ${hasSegment(UNCACHEABLE)}`;
  const warning = pathWarning(
    'delicatePaths',
    pathLists().listed,
    isWrong,
    'is about health, login, administration or streams: never cached',
  );
  return { ...warning, refused: true };
}

function outsideWarning(): Admission {
  const { listed, isServed } = pathLists();
  return pathWarning(
    'outsidePaths',
    listed,
    cel`!${isServed}`,
    'lies outside of what the backend serves: pages are never cached',
  );
}
