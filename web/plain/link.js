// The connection: a WebSocket that says what happens to it, and nothing more.

const subprotocol = "plywire.v1.json";

/** The address of the server that the page came from. */
function address() {
  const url = new URL("/v1/ws", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** Returns {open(link), send(message), close()}. happens hears of opened, frame and closed, each with the link's number. */
export function newLink(happens) {
  let socket = null;
  const close = () => {
    const old = socket;
    socket = null;
    old?.close(1000);
  };
  return {
    open(link) {
      close();
      const mine = new WebSocket(address(), subprotocol);
      socket = mine;
      mine.onopen = () => happens({ type: "opened", link });
      mine.onmessage = (event) => happens({ type: "frame", link, text: String(event.data) });
      mine.onclose = (event) => happens({ type: "closed", link, code: event.code });
    },
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    close,
  };
}
