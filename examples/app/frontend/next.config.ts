import type { NextConfig } from 'next';

const config: NextConfig = {
  output: 'standalone',
  // The shop lies inside a larger repository here; without these, Next.js would take that one's lock file for its own.
  outputFileTracingRoot: import.meta.dirname,
  turbopack: { root: import.meta.dirname },
  poweredByHeader: false,
};

export default config;
