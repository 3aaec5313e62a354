import { blocking } from '../charts/findings.ts';
import { manifestOf } from '../synth/manifest.ts';
import { synthesize } from '../synth/synthesize.ts';
import type { Run } from './command.ts';
import { diagnosisText } from './diagnosis-text.ts';
import { machineText } from './output.ts';
import { factsFrom, readProfileFile } from './profile-file.ts';
import { wrap } from './terminal.ts';

/** `pitcrew render FILE`: the objects of each profile of the file. One that the operator would refuse is refused here too. */
export const run: Run = async ({ positionals: [file = ''], options }, around) => {
  const facts = factsFrom(options.facts);
  const { name, profiles, problems } = await readProfileFile(file, around);
  if (problems.length > 0) return { code: 1, stderr: diagnosisText(around.errors, name, problems) };
  const made = profiles.map((profile) => ({ profile, ...synthesize(profile, facts) }));
  const refusals = made.flatMap(({ profile, findings }) => {
    const ids = blocking(findings).map(({ id }) => id);
    if (ids.length === 0) return [];
    const why = `pitcrew: the operator would refuse ${profile.metadata.name} because of ${ids.join(', ')}, so there is nothing to render. \`pitcrew check ${file}\` says what to write instead.`;
    return [wrap(around.errors, why)];
  });
  if (refusals.length > 0) return { code: 1, stderr: `${refusals.join('\n')}\n` };
  const objects = made.flatMap((each) => each.objects.map(({ object }) => object));
  const isJson = options.output === 'json';
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  return { code: 0, stdout: isJson ? machineText('json', list) : manifestOf(objects) };
};
