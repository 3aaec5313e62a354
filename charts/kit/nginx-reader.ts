/**
 * Reads nginx's configuration, by the rules of nginx's own tokenizer: that of a user who moves here, and in tests ours,
 * so that what was written is what is read.
 */

/** A directive as nginx sees it: its words without quotes, and what stands in its block. */
export interface ReadDirective {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly words: readonly string[];
  readonly children?: readonly ReadDirective[];
}

/** Text that nginx would refuse, and the line at which it would. */
export class NginxSyntaxError extends SyntaxError {
  readonly line: number;
  constructor(message: string, line: number) {
    super(message);
    this.name = 'NginxSyntaxError';
    this.line = line;
  }
}

/** Throws NginxSyntaxError on text that nginx would refuse. */
export function readNginx(text: string): ReadDirective[] {
  const reader = new Reader(text);
  const directives = reader.block();
  if (!reader.atEnd()) throw reader.error('unexpected }');
  return directives;
}

/** All directives of a name, at any depth, in the order of the file. */
export function findAll(directives: readonly ReadDirective[], name: string): ReadDirective[] {
  return directives.flatMap((found) => [
    ...(found.words[0] === name ? [found] : []),
    ...findAll(found.children ?? [], name),
  ]);
}

/** The arguments of the directives of a name that stand directly in a block. */
export function valuesOf(directives: readonly ReadDirective[], name: string): string[][] {
  return directives.filter((found) => found.words[0] === name).map((found) => found.words.slice(1));
}

class Reader {
  readonly #text: string;
  #at = 0;
  /** Lines up to here, counted as reading goes on. */
  #lines = 1;
  #counted = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  error(message: string): NginxSyntaxError {
    return new NginxSyntaxError(message, this.#line());
  }

  #line(): number {
    while (this.#counted < this.#at) {
      if (this.#text[this.#counted] === '\n') this.#lines += 1;
      this.#counted += 1;
    }
    return this.#lines;
  }

  /** Directives up to the end of the text or to a closing brace, which is left to the caller. */
  block(): ReadDirective[] {
    const directives: ReadDirective[] = [];
    for (;;) {
      this.#skip();
      if (this.atEnd() || this.#text[this.#at] === '}') return directives;
      directives.push(this.#directive());
    }
  }

  #directive(): ReadDirective {
    const words: string[] = [];
    const line = this.#line();
    for (;;) {
      this.#skip();
      const char = this.#text[this.#at] ?? '';
      if (char === '' || char === '}' || (words.length === 0 && ';{'.includes(char))) {
        throw this.error(`unexpected ${char} after ${words.join(' ')}`);
      }
      if (char === ';' || char === '{') return this.#finished({ line, words }, char);
      words.push(char === '"' || char === "'" ? this.#quoted(char) : this.#bare());
    }
  }

  #finished(read: ReadDirective, end: ';' | '{'): ReadDirective {
    this.#at += 1;
    return end === ';' ? read : { ...read, children: this.#children() };
  }

  #children(): ReadDirective[] {
    const children = this.block();
    if (this.atEnd()) throw this.error('expecting }');
    this.#at += 1;
    return children;
  }

  #skip(): void {
    for (;;) {
      const char = this.#text[this.#at];
      if (char === '#') {
        const end = this.#text.indexOf('\n', this.#at);
        this.#at = end < 0 ? this.#text.length : end;
      } else if (char !== undefined && ' \t\r\n'.includes(char)) {
        this.#at += 1;
      } else {
        return;
      }
    }
  }

  #quoted(quote: string): string {
    let end = this.#at + 1;
    while (this.#text[end] !== quote) {
      if (end >= this.#text.length) throw this.error('a quote is not closed');
      end += this.#text[end] === '\\' ? 2 : 1;
    }
    const raw = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    const next = this.#text[this.#at] ?? '';
    if (!' \t\r\n;{)'.includes(next)) throw this.error(`unexpected ${next} behind a quote`);
    return unescaped(raw);
  }

  #bare(): string {
    const start = this.#at;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined || ' \t\r\n;{'.includes(char)) return unescaped(this.#text.slice(start, this.#at));
      // `${` belongs to the word: it begins a variable in braces.
      this.#at += char === '\\' || (char === '$' && this.#text[this.#at + 1] === '{') ? 2 : 1;
    }
  }
}

/** What nginx makes of a backslash: it goes before quotes and itself, becomes a control character, or stays. */
function unescaped(raw: string): string {
  return raw.replace(/\\(["'\\trn])/g, (_, char: string) => ({ t: '\t', r: '\r', n: '\n' })[char] ?? char);
}
