"""gRPC services: calls are traced on both sides, and what telemetry itself sends is not."""

from __future__ import annotations

import pytest

from rtobs.testing import OTLPSink
from tests.telemetry.service import run

pytest.importorskip("opentelemetry.instrumentation.grpc")

SERVICE = """
import grpc
from concurrent import futures

def greet(request, context):
    if request == b"bad":
        context.abort(grpc.StatusCode.INTERNAL, "password=hunter2-grpc")
    return b"hello " + request

class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/shop.Greeter/Greet":
            return grpc.unary_unary_rpc_method_handler(greet)

server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((Handler(),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    call = channel.unary_unary("/shop.Greeter/Greet")
    with rtobs.span("order"), rtobs.bind_tenant("acme"):
        print(call(b"ada"))
        try:
            call(b"bad")
        except grpc.RpcError as error:
            print(error.code().name)
server.stop(None).wait()
"""


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_both_sides_of_a_call_belong_to_one_trace(protocol: str) -> None:
    """Client and server spans hang below the order, and exports are no spans."""
    with OTLPSink(grpc=protocol == "grpc") as sink:
        endpoint = sink.grpc_endpoint if protocol == "grpc" else sink.endpoint
        begin = f"rtobs.init('svc', endpoint='{endpoint}', protocol='{protocol}', logs='off')\n"
        ended = run(begin + SERVICE)
        assert (ended.code, ended.out) == (0, "b'hello ada'\nINTERNAL\n"), ended.err
        order = next(span for span in sink.spans if span.name == "order")
        calls = [span for span in sink.spans if span.name != "order"]
        assert {span.trace_id for span in calls} == {order.trace_id}
        assert sorted((span.kind, span.status) for span in calls) == [
            ("CLIENT", "ERROR"),
            ("CLIENT", "UNSET"),
            ("SERVER", "ERROR"),
            ("SERVER", "UNSET"),
        ]
        assert {str(span.attributes.get("tenant.id")) for span in calls} == {"acme"}
        assert b"hunter2-grpc" not in b"".join(sink.bodies)
