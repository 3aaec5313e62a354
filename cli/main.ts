import { parseArgs } from 'node:util';
import { blocking } from '../charts/findings.ts';
import { manifestOf } from '../synth/manifest.ts';
import { InvalidProfileError, readFacts, readProfiles } from '../synth/offline.ts';
import { synthesize } from '../synth/synthesize.ts';
import { VERSION } from '../synth/version.ts';
import { findingsText } from './findings-text.ts';

/** The user's tool. Exit codes: 0 fine, 1 the profile is refused, 2 the command was not understood. */

const HELP = `pitcrew: what a PerformanceProfile means, offline.

  pitcrew render FILE [--facts FACTS] [-o yaml|json]   print every object that the operator would apply
  pitcrew check  FILE [--facts FACTS] [-o text|json]   say what cannot work, by how much, and what to set instead

FILE is a YAML file with one PerformanceProfile or more; - reads standard input.
FACTS is a YAML file: kubernetesVersion, allocatableCpuMillis, allocatableMemoryMiB. Default: a node of 4 CPUs and 8 GiB.
Exit codes: 0 fine; 1 the profile is refused; 2 the command was not understood.
`;

interface Options {
  readonly facts?: string | undefined;
  readonly output?: string | undefined;
}

function render(file: string, options: Options): number {
  const facts = readFacts(options.facts);
  const objects = readProfiles(file).flatMap((profile) =>
    synthesize(profile, facts).objects.map(({ object }) => object),
  );
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2)}\n`
      : manifestOf(objects),
  );
  return 0;
}

function check(file: string, options: Options): number {
  const facts = readFacts(options.facts);
  const results = readProfiles(file).map((profile) => ({
    name: profile.metadata.name,
    findings: synthesize(profile, facts).findings,
  }));
  process.stdout.write(
    options.output === 'json'
      ? `${JSON.stringify(results, null, 2)}\n`
      : results.map(({ name, findings }) => findingsText(name, findings, process.stdout.isTTY === true)).join('\n'),
  );
  return results.some(({ findings }) => blocking(findings).length > 0) ? 1 : 0;
}

const COMMANDS: Readonly<Record<string, (file: string, options: Options) => number>> = { render, check };

function main(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      facts: { type: 'string' },
      output: { type: 'string', short: 'o' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  });
  if (values.version === true) {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (values.help === true || positionals[0] === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const [name = '', file] = positionals;
  const command = COMMANDS[name];
  if (command === undefined || file === undefined) {
    process.stderr.write(command === undefined && name !== '' ? `pitcrew: no command ${name}\n\n${HELP}` : HELP);
    return 2;
  }
  return command(file, values);
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  const refused = error instanceof InvalidProfileError;
  process.stderr.write(`pitcrew: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = refused ? 1 : 2;
}
