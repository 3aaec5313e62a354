import type { Dispatcher } from 'undici';
import type { Carrier } from './pools.ts';

type Dispatch = Dispatcher['dispatch'];
type Handler = Dispatcher.DispatchHandler;

/** The same connections; but each request, when it has one and its bytes are about to leave, is let pass by the guard first. */
export const guarded = (agent: Carrier, guard: (() => void) | undefined): Pick<Carrier, 'request'> =>
  guard === undefined ? agent : agent.compose((dispatch) => asking(dispatch, guard));

const asking =
  (dispatch: Dispatch, guard: () => void): Dispatch =>
  (options, handler) =>
    dispatch(options, {
      // What is thrown here becomes the error of the request, and nothing is written.
      onRequestStart: (...start: Parameters<NonNullable<Handler['onRequestStart']>>) => {
        guard();
        handler.onRequestStart?.(...start);
      },
      onResponseStart: (...head) => handler.onResponseStart?.(...head),
      onResponseData: (...data) => handler.onResponseData?.(...data),
      onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
      onResponseError: (...error) => handler.onResponseError?.(...error),
    });
