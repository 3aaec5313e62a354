import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate that only tests and the demo trust, valid for a few days. */
export function selfSignedCertificate(hosts: readonly string[]): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'pitcrew-certificate-'));
  try {
    const keyFile = join(folder, 'tls.key');
    const certificateFile = join(folder, 'tls.crt');
    const names = hosts.map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`).join(',');
    const subject = ['-subj', `/CN=${hosts[0]}`, '-addext', `subjectAltName=${names}`];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '7',
        '-keyout',
        keyFile,
        '-out',
        certificateFile,
        ...subject,
      ],
      { stdio: 'pipe' },
    );
    return { certificate: readFileSync(certificateFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
