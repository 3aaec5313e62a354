import { connect, createServer } from 'node:net';

/** Passes bytes from one port of this machine to another: `tcp-way.ts FROM TO`. Stopped by SIGSTOP it is a line that hangs. */
const [from = '', to = ''] = process.argv.slice(2);

createServer((client) => {
  const upstream = connect(Number(to), '127.0.0.1');
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
}).listen(Number(from), '127.0.0.1', () => process.stdout.write('listening\n'));
