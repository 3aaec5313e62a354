import { describe, expect, it } from 'vitest';
import { cel, clamp, define, definitionsOf, either, messageText, raw, say } from './cel.ts';
import { given, said, value } from './fields.ts';

const seconds = define('seconds', raw('object.spec.seconds'));

describe('expressions', () => {
  it('put constants in as CEL writes them', () => {
    expect(cel`${seconds} in ${["it's", 'a\\b']} && ${seconds} != ${5} && x == ${''}`.text).toBe(
      "variables.seconds in ['it\\'s', 'a\\\\b'] && variables.seconds != 5 && x == ''",
    );
  });

  it('are kept together by parentheses, where they need them', () => {
    const either = cel`a || b`;
    expect(cel`!${either} && ${seconds}`.text).toBe('!(a || b) && variables.seconds');
    expect(cel`${raw("x.find('[(] ').split(', ')[0]")} == ${cel`[1, 2].max()`}`.text).toBe(
      "x.find('[(] ').split(', ')[0] == [1, 2].max()",
    );
    expect(cel`${cel`-1`} + ${cel`(a) + (b)`}`.text).toBe('(-1) + ((a) + (b))');
  });

  it('stay within bounds', () => {
    expect(clamp(seconds, 1, 30).text).toBe('[[variables.seconds, 1].max(), 30].min()');
  });
});

describe('messages', () => {
  it('show values in words, also those of messages within', () => {
    const often = say`100 % of ${seconds}`;
    const message = say`${often}, ${3} times (${'A'}); ${either(cel`a`, say`yes ${seconds}`, say`it's no`)}`;
    expect(messageText(message).text).toBe(
      "'100 %% of %s, 3 times (A); %s'.format([variables.seconds, a ? 'yes %s'.format([variables.seconds]) : 'it\\'s no'])",
    );
    expect(messageText(say`100 %`).text).toBe("'100 %'");
  });
});

describe('definitions', () => {
  it('stand behind what they read, once each, wherever they are read', () => {
    const twice = define('twice', cel`2 * ${seconds}`);
    const names = definitionsOf([messageText(say`${twice}`), cel`${seconds} + ${twice}`]).map(({ name }) => name);
    expect(names).toEqual(['seconds', 'twice']);
  });

  it('are not two under one name', () => {
    expect(() => definitionsOf([seconds, define('seconds', cel`1`)])).toThrow('seconds is defined twice');
  });
});

describe('fields', () => {
  it('have the default of the schema', () => {
    const [definition] = value('edge.upstreamKeepalive.timeoutSeconds').reads;
    expect(definition).toMatchObject({
      name: 'edgeUpstreamKeepaliveTimeoutSeconds',
      value: { text: 'object.spec.?edge.?upstreamKeepalive.?timeoutSeconds.orValue(60)' },
    });
    expect(value('edge.cache.maxSize').reads[0]?.value.text).toContain("orValue('100Mi')");
    expect(value('edge.cache.api.paths').reads[0]?.value.text).toContain('orValue([])');
  });

  it('without one need to know what is derived', () => {
    expect(() => value('backend.workers')).toThrow('backend.workers has no default');
    expect(value('backend.keepAliveSeconds', cel`${seconds} + 15`).reads[0]?.value).toMatchObject({
      text: 'object.spec.?backend.?keepAliveSeconds.orValue((variables.seconds + 15))',
      reads: seconds.reads,
    });
  });

  it('may not be given', () => {
    expect(given('backend.pool.size').text).toBe('object.spec.?backend.?pool.?size.hasValue()');
    expect(said('backend.pool.size').text).toBe('object.spec.backend.pool.size');
  });
});
