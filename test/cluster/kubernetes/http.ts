import { request as plainRequest } from 'node:http';
import { type RequestOptions, request as tlsRequest } from 'node:https';
import type { Verdict } from '../host/wait.ts';

/** Answer to one request. */
export interface Answer {
  status: number;
  body: string;
}

const timeoutMs = 3_000;

/** One GET request; a refused connection, a silent server and the like are errors. */
export function get(url: string, options: RequestOptions = {}): Promise<Answer> {
  const send = url.startsWith('https:') ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    request.setTimeout(timeoutMs, () => request.destroy(new Error(`${url}: no answer within ${timeoutMs / 1000} s`)));
    request.on('error', reject);
    request.end();
  });
}

/** Whether a health address answers with success; components sign these with certificates of their own. */
export async function isHealthy(url: string): Promise<Verdict> {
  try {
    const { status, body } = await get(url, { rejectUnauthorized: false });
    return status === 200 ? true : `${url}: ${status} ${body.slice(0, 200)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
