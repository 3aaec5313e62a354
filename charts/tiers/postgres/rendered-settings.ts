import { knobsOf, type PlacedKnob } from '../../../crds/knob.ts';
import { postgresSchema } from '../../../crds/tiers/postgres.ts';
import { UNASKED_SETTINGS } from './files.ts';

/** Which parameters of PostgreSQL a profile can set, and from which field each comes: for whoever asks the server. */

const EXTRA = 'postgres.extraParameters';
/** Where no field of the spec says it. */
const TIER = 'postgres';

const fieldsOf = (file: PlacedKnob['knob']['target']['file']): ReadonlyMap<string, string> =>
  new Map(
    knobsOf(postgresSchema, TIER)
      .filter(({ path, knob }) => knob.target.file === file && path !== EXTRA)
      .map(({ path, knob }) => [knob.target.key, path]),
  );
const CONF_FIELDS = fieldsOf('postgresql.conf');

/** Parameters that are settings of the application's role, with the field of each. */
export const ROLE_FIELDS = fieldsOf('roles.sql');

/** Every parameter that postgresql.conf may contain, whatever the version of the server, less `extraParameters`. */
export const CONF_NAMES: readonly string[] = [...UNASKED_SETTINGS, ...CONF_FIELDS.keys()];

/** The field that a parameter of postgresql.conf comes from, with these names in `extraParameters`. */
export const confField = (name: string, extraNames: readonly string[]): string =>
  CONF_FIELDS.get(name) ?? (extraNames.includes(name) ? EXTRA : TIER);
