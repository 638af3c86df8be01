// The stream of events from the server, and whether it still comes.

/// The time without an event after which the page says so, in milliseconds.
const SILENCE = 2000;

/// The time after which a stream that the browser has given up is opened again, in milliseconds.
const RETRY = 2000;

/// Opens the stream at `url`. `onEvent` gets each event's data, `onState` gets "live", "silent" or
/// "lost", and the milliseconds since the last event, twice a second.
export function stream(url, onEvent, onState) {
  let source;
  let last = performance.now();
  let isLost = false;

  function open() {
    source = new EventSource(url);
    source.addEventListener("message", event => {
      last = performance.now();
      isLost = false;
      onEvent(JSON.parse(event.data));
      tell();
    });
    source.addEventListener("error", () => {
      // The server ends each stream now and then, and the browser opens it again at once.
      isLost = true;
      if (source.readyState === EventSource.CLOSED) setTimeout(open, RETRY);
    });
  }

  function tell() {
    const silence = performance.now() - last;
    if (silence < SILENCE) onState("live", silence);
    else onState(isLost ? "lost" : "silent", silence);
  }

  open();
  setInterval(tell, 500);
}
