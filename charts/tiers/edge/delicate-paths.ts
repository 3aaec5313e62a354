/** Names that a path must not have to be kept for everybody. Compared by whole segments, without regard to case. */

/** What tells of health, login or administration, or never ends (INV-03): never cached, whatever is listed. */
export const UNCACHEABLE: readonly string[] = [
  'health',
  'healthz',
  'livez',
  'readyz',
  'ping',
  'metrics',
  'auth',
  'login',
  'logout',
  'signin',
  'signup',
  'register',
  'oauth',
  'oauth2',
  'token',
  'session',
  'sessions',
  'csrf',
  'admin',
  'sse',
  'stream',
  'ws',
  'websocket',
  'socket.io',
];

/** What is somebody's own by its name (INV-02): refused where it is listed, unless the user knows better. */
export const PERSONAL: readonly string[] = [
  'me',
  'account',
  'accounts',
  'profile',
  'user',
  'users',
  'cart',
  'basket',
  'checkout',
  'order',
  'orders',
  'payment',
  'payments',
  'wallet',
  'invoice',
  'invoices',
  'address',
  'addresses',
  'wishlist',
  'notifications',
  'messages',
];

/** The first segment of a path that is in a list. */
export function segmentIn(list: readonly string[], path: string): string | undefined {
  return path.split('/').find((segment) => list.includes(segment.toLowerCase()));
}
