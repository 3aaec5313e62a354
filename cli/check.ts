import { blocking } from '../charts/findings.ts';
import { synthesize } from '../synth/synthesize.ts';
import { type Review, reviewText } from './check-text.ts';
import type { Outcome, Run } from './command.ts';
import { diagnosisText } from './diagnosis-text.ts';
import { mendingOf } from './mending.ts';
import { machineText } from './output.ts';
import { factsFrom, type ProfileFile, readProfileFile } from './profile-file.ts';

/** `pitcrew check FILE`: what an expert would say about each profile of the file. */
export const run: Run = async ({ positionals: [file = ''], options }, around) => {
  const facts = factsFrom(options.facts);
  const read = await readProfileFile(file, around);
  const reviews = read.profiles.map((profile): Review => {
    const { findings, effective } = synthesize(profile, facts);
    const mending = mendingOf(profile, findings, facts);
    return { profile, findings, effective, facts, factsFile: options.facts, mending };
  });
  const isRefused = read.problems.length > 0 || reviews.some(({ findings }) => blocking(findings).length > 0);
  const { output = 'text' } = options;
  if (output !== 'text') return { code: isRefused ? 1 : 0, stdout: machineText(output, dataOf(read, reviews)) };
  return textOutcome(isRefused, read, reviews, around);
};

function textOutcome(
  isRefused: boolean,
  { name, problems }: ProfileFile,
  reviews: readonly Review[],
  { terminal }: Parameters<Run>[1],
): Outcome {
  const stdout =
    problems.length > 0
      ? diagnosisText(terminal, name, problems)
      : reviews.map((review) => reviewText(terminal, review)).join('\n');
  return { code: isRefused ? 1 : 0, stdout };
}

/** For machines: the same facts as the text, without its words around them. */
function dataOf({ name, problems }: ProfileFile, reviews: readonly Review[]): unknown {
  return {
    file: name,
    problems,
    profiles: reviews.map(({ profile: { metadata }, findings, facts, mending }) => ({
      name: metadata.name,
      namespace: metadata.namespace,
      refused: blocking(findings).length > 0,
      facts,
      findings,
      ...(mending === undefined ? {} : { allFixes: mending.fix }),
    })),
  };
}
