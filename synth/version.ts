/** Version of the rendering: `status.renderVersion` carries it, `pitcrew --version` prints it. A test compares it with package.json. */
export const VERSION = '0.1.0';
