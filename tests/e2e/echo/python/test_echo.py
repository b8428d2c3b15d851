"""python-socketio, blocking and asyncio, over each way of connecting."""

import asyncio
import queue
import threading

import pytest
import socketio

from conftest import REFERENCE

WAYS = {
    "websocket": ["websocket"],
    "polling": ["polling"],
    "upgrade": ["polling", "websocket"],
}
ways = pytest.mark.parametrize("transports", WAYS.values(), ids=WAYS.keys())
SECONDS = 5

# What this client does not forgive and npm's server does: a polling payload of more than 16 packets, and an Engine.IO
# close packet where the client should come back by itself (it takes that for a server that wants it gone).
not_npm_over_polling = pytest.mark.parametrize(
    "transports",
    [
        pytest.param(
            transports,
            id=way,
            marks=pytest.mark.skipif(REFERENCE and way == "polling", reason="the reference fails this client"),
        )
        for way, transports in WAYS.items()
    ],
)

MESSAGES = [
    ("hello",),
    ("ñandú € 😀", {"deep": [1, 2.5, None, True, {"x": "\u2028"}]}, []),
    (b"\x00\x01\xff", {"nested": [b"two", "text", b""]}),
    ("x" * 200_000,),
]


def leave(sio):
    """Ends a blocking client without waiting for its threads.

    Its own disconnect() may end the thread that sends before that has sent the close packet; over polling it then waits
    for its open poll, until the next heartbeat.
    """
    sio.eio.disconnect(abort=True)


class Client:
    """A blocking client whose events are kept in a queue."""

    def __init__(self, url, transports, namespace="/", auth=None):
        self.namespace = namespace
        self.events = queue.Queue()
        self.sio = socketio.Client(reconnection=False)
        for name in ("auth", "message-back", "answer"):
            self.sio.on(name, self._keep(name), namespace=namespace)
        self.sio.on("question", lambda *args: ("yes", list(args)), namespace=namespace)
        self.sio.connect(url, transports=transports, auth=auth, namespaces=[namespace], wait_timeout=SECONDS)

    def _keep(self, name):
        return lambda *args: self.events.put((name, args))

    def emit(self, name, *args):
        self.sio.emit(name, args, namespace=self.namespace)

    def call(self, name, *args):
        return self.sio.call(name, args, namespace=self.namespace, timeout=SECONDS)

    def next(self):
        return self.events.get(timeout=SECONDS)


@pytest.fixture
def connect(echo_url):
    clients = []

    def make(transports, **options):
        clients.append(Client(echo_url, transports, **options))
        return clients[-1]

    yield make
    for client in clients:
        leave(client.sio)


@ways
def test_auth_data_reaches_the_server(connect, transports):
    auth = {"token": "123", "nested": [1, "zwei"]}
    assert connect(transports, auth=auth).next() == ("auth", (auth,))


@ways
def test_without_auth_data_the_server_has_an_empty_object(connect, transports):
    assert connect(transports).next() == ("auth", ({},))


@ways
@pytest.mark.parametrize("args", MESSAGES, ids=["text", "unicode", "binary", "long"])
def test_a_message_comes_back(connect, transports, args):
    client = connect(transports)
    client.next()
    client.emit("message", *args)
    assert client.next() == ("message-back", args)


@ways
@pytest.mark.parametrize("args", MESSAGES, ids=["text", "unicode", "binary", "long"])
def test_an_acknowledgement_carries_the_arguments(connect, transports, args):
    got = connect(transports).call("message-with-ack", *args)
    assert (got if isinstance(got, tuple) else (got,)) == args


@ways
def test_the_server_asks_and_the_client_acknowledges(connect, transports):
    client = connect(transports)
    client.next()
    client.emit("ask-me", "sure?")
    assert client.next() == ("answer", ("yes", ["sure?"]))


@ways
def test_custom_namespace(connect, transports):
    client = connect(transports, namespace="/custom", auth={"for": "custom"})
    assert client.next() == ("auth", ({"for": "custom"},))
    client.emit("message", "hello", b"bytes")
    assert client.next() == ("message-back", ("hello", b"bytes"))
    assert client.call("message-with-ack", 1) == 1


@ways
def test_an_unknown_namespace_is_refused(echo_url, transports):
    sio = socketio.Client(reconnection=False)
    refused = queue.Queue()
    sio.on("connect_error", refused.put, namespace="/unknown")
    with pytest.raises(socketio.exceptions.ConnectionError):
        sio.connect(echo_url, transports=transports, namespaces=["/unknown"], wait_timeout=SECONDS)
    leave(sio)
    assert refused.get(timeout=SECONDS) == {"message": "Invalid namespace"}


@not_npm_over_polling
def test_events_keep_their_order(connect, transports):
    client = connect(transports)
    client.next()
    for i in range(300):
        client.emit("message", i)
    assert [client.next()[1][0] for _ in range(300)] == list(range(300))


def test_an_upgrading_client_ends_on_websocket(connect):
    client = connect(WAYS["upgrade"])
    assert client.sio.transport() == "websocket"


@not_npm_over_polling
def test_it_comes_back_by_itself_when_its_transport_is_closed(echo_url, transports):
    sio = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.1)
    connects = queue.Queue()
    gone = threading.Event()
    sio.on("connect", lambda: connects.put(sio.get_sid()))
    sio.on("disconnect", lambda *reason: gone.set())
    sio.connect(echo_url, transports=transports, wait_timeout=SECONDS)
    first = connects.get(timeout=SECONDS)
    sio.emit("close-transport-me")
    assert gone.wait(SECONDS)
    assert connects.get(timeout=SECONDS) != first
    assert sio.call("message-with-ack", "again", timeout=SECONDS) == "again"
    leave(sio)


async def _one_async_client(url, transports, who):
    async with asyncio.timeout(3 * SECONDS):
        sio = socketio.AsyncClient(reconnection=False)
        got = asyncio.Queue()
        sio.on("message-back", lambda *args: got.put_nowait(args))
        await sio.connect(url, transports=transports, wait_timeout=SECONDS)
        for i in range(20):
            await sio.emit("message", (who, i, f"{who}/{i}".encode()))
        for i in range(20):
            assert await got.get() == (who, i, f"{who}/{i}".encode())
        assert await sio.call("message-with-ack", {"who": who}, timeout=SECONDS) == {"who": who}
        await sio.disconnect()


@not_npm_over_polling
def test_many_asyncio_clients_at_once(echo_url, transports):
    async def all_of_them():
        await asyncio.gather(*(_one_async_client(echo_url, transports, who) for who in range(15)))

    asyncio.run(all_of_them())
