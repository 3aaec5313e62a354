import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that can be cut without a word to either side, as a network does it. */
export interface TcpProxy {
  readonly port: number;
  /** From here on nothing comes through, and nobody is told. */
  readonly cut: () => void;
  readonly close: () => void;
}

/** Listens on this machine and passes bytes on to the server. */
export async function startTcpProxy(server: URL): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    return socket;
  };
  const listener = createServer((client) => {
    keep(client);
    if (isCut) return;
    const upstream = keep(connect(Number(server.port || 443), server.hostname));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => isCut || client.destroy());
    client.on('data', (bytes) => isCut || upstream.write(bytes));
    upstream.on('data', (bytes) => isCut || client.write(bytes));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    cut: () => {
      isCut = true;
    },
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
