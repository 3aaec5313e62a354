/**
 * What must not be copied. A profile is readable by everybody who may read profiles, and is kept in git: so whatever
 * looks like a credential, by its name or by itself, goes into a Secret, and its value is printed nowhere.
 */

const SECRET_NAME =
  /pass(wd|word|phrase)?|pwd|secret|token|credential|private|signing|salt|pepper|dsn|cookie|session|auth|webhook|licen[cs]e|cert|(^|_|-)key$|api_?-?key|access_?-?key|_key_|encryption|hmac|jwt|otp|pin$/i;
/** About a credential, and none: how long it is valid, by what it is signed. */
const ABOUT_A_SECRET =
  /(minutes|seconds|days|hours|ttl|expires?(_in)?|expir(y|ation)|algorithm|enabled|lifetime|length|rounds|max_?age|_name|prefix|samesite|secure|httponly|backend)$/i;
const HARMLESS_WORD =
  /^([0-9]{1,7}|true|false|yes|no|on|off|none|lax|strict|[hre]s(256|384|512)|[a-z]+([_.-][a-z]+)*)$/i;

/** Somebody's name or password in a URL. */
const URL_WITH_LOGIN = /:\/\/(?=[^/@\s]*[^/@\s:])[^/@\s]+@/;
/** `$(PGPASSWORD)`: Kubernetes puts the value in. */
const REFERENCE = /\$\(\w+\)/g;
/** A parameter of a URL, or `key=value` in a connection string. */
const SECRET_PARAMETER = /[?&;\s](pass(word)?|pwd|secret|token|key|sig(nature)?|api_?key|access_?key)=/i;
const KNOWN_TOKEN =
  /-----BEGIN|\beyJ[\w-]{8,}|\b(sk|rk|pk|whsec)_(live|test)_|\bsk-[\w-]{16}|\bgh[pousr]_|github_pat_|glpat-[\w-]{16}|\bxox[abprs]-[\w-]{16}|\b(AKIA|ASIA)[A-Z0-9]{12}|\bAIza[\w-]{20}|\bSG\.[\w-]{10}|\bhf_[A-Za-z]{20}|\bnpm_[A-Za-z0-9]{20}|\bdop_v1_|\$apr1\$|\$2[aby]\$|\{SHA\}|^(Bearer|Basic) /;
const LONG_WORD = /[A-Za-z0-9+/=_-]{20,}/g;

/** Whether a value is a credential for what it looks like. */
export function isSecretValue(text: string): boolean {
  const value = text.replaceAll(REFERENCE, '');
  if (URL_WITH_LOGIN.test(value) || SECRET_PARAMETER.test(value) || KNOWN_TOKEN.test(value)) return true;
  return (value.match(LONG_WORD) ?? []).flatMap(piecesOf).some(isRandom);
}

/** Whether a variable, a flag or a header is a credential, for its name or its value. */
export function isSecret(name: string, value: string): boolean {
  if (isSecretValue(value)) return true;
  if (!SECRET_NAME.test(name)) return false;
  return !(ABOUT_A_SECRET.test(name) && HARMLESS_WORD.test(value));
}

export const hasSecretName = (name: string): boolean => SECRET_NAME.test(name) && !ABOUT_A_SECRET.test(name);

/** Slashes part the steps of a path, and stand within a base64 text. */
function piecesOf(word: string): string[] {
  const isBase64 = !word.startsWith('/') && [/[a-z]/, /[A-Z]/, /[0-9]/].every((kind) => kind.test(word));
  return [...word.split('/').filter((piece) => piece.length >= 20), ...(isBase64 ? [word] : [])];
}

/** Letters and digits without order: words repeat their letters, and have few digits. */
function isRandom(word: string): boolean {
  if (/^[0-9a-f]{24,}$/i.test(word)) return true;
  const digits = word.replaceAll(/[^0-9]/g, '').length;
  const isMixed = /[a-z]/.test(word) && /[A-Z]/.test(word);
  return (digits >= 3 || (isMixed && digits >= 1)) && entropy(word) > 3.4;
}

/** Bits for each letter (Shannon). */
function entropy(word: string): number {
  const counts = new Map<string, number>();
  for (const letter of word) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / word.length) * Math.log2(count / word.length), 0);
}

/** Below it a secret is found in half of all words. */
const SHORTEST = 6;

/** Values that were seen to be secret: the last net, for places where they stand a second time. */
export class Vault {
  readonly #secrets = new Set<string>();
  readonly #ordinary = new Set(['postgres', 'postgresql', 'localhost', 'changeme', 'production']);

  add(value: string): void {
    for (const part of [value, ...loginsIn(value)]) if (part.length >= SHORTEST) this.#secrets.add(part);
  }

  /** Names that stand everywhere: a careless password that repeats one is no secret, and could not be kept. */
  allow(words: Iterable<string>): void {
    for (const word of words) this.#ordinary.add(word);
  }

  holds(text: string): boolean {
    if (this.allows(text)) return false;
    return this.#kept().some((secret) => text.includes(secret));
  }

  /** Whether a text is one of those names as a whole. */
  allows(text: string): boolean {
    return this.#ordinary.has(text);
  }

  /** The text without any of them. */
  scrubbed(text: string): string {
    return this.#kept().reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
  }

  /** The longest first, or the rest of one that holds another would stay. */
  #kept(): string[] {
    const kept = [...this.#secrets].filter((secret) => !this.#ordinary.has(secret));
    return kept.sort((a, b) => b.length - a.length);
  }
}

/** The passwords of the URLs in a value, as they are written and as they are meant. */
function loginsIn(value: string): string[] {
  return [...value.matchAll(/:\/\/([^/@\s]+)@/g)].flatMap(([, login = '']) => {
    const password = login.includes(':') ? login.slice(login.indexOf(':') + 1) : login;
    return [password, decoded(password)];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
