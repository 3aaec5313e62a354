import { synthesize } from '../synth/synthesize.ts';
import type { Run } from './command.ts';
import { UsageError } from './command.ts';
import { diagnosisText } from './diagnosis-text.ts';
import { detailText, overviewText } from './explain-text.ts';
import { type Explained, explainProfile } from './explanation.ts';
import { didYouMean, nearest } from './nearest.ts';
import { machineText } from './output.ts';
import { factsFrom, readProfileFile } from './profile-file.ts';
import { fieldsOfSpec } from './schema-field.ts';

/** `pitcrew explain FILE [PATH]`: where each value comes from and what a change of it would do. */
export const run: Run = async ({ positionals: [file = '', asked], options }, around) => {
  const facts = factsFrom(options.facts);
  const fields = fieldsOfSpec();
  const path = asked === undefined ? '' : knownPath(asked, [...fields.keys()]);
  const { name, profiles, problems } = await readProfileFile(file, around);
  if (problems.length > 0) return { code: 1, stderr: diagnosisText(around.errors, name, problems) };
  const explained = profiles.map(
    (profile): Explained => explainProfile(profile, synthesize(profile, facts), fields, path),
  );
  const { output = 'text' } = options;
  if (output !== 'text') return { code: 0, stdout: machineText(output, explained) };
  const builder = path === '' ? overviewText : detailText;
  return { code: 0, stdout: explained.map((each) => builder(around.terminal, each, file)).join('\n') };
};

/** The path without what people put before it; throws with near ones where there is no such field. */
function knownPath(asked: string, known: readonly string[]): string {
  const path = asked.replace(/^\.?(spec(\.|$))?/, '').replace(/\.$/, '');
  if (path === '' || known.includes(path)) return path;
  const plainFields = known.filter((each) => !each.includes('[]'));
  const near = didYouMean(nearest(path, plainFields));
  const top = plainFields.filter((each) => !each.includes('.'));
  throw new UsageError(`there is no field ${path}${near === '' ? `; a path begins with ${top.join(', ')}` : near}`);
}
