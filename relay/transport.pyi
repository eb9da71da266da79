from relay.websocket import Connection as Connection
