"""Serves scim2-server's in-memory SCIM provider on a free loopback port, for the interop tests.

The command that the package brings listens with a backlog of five and writes a line per request to standard error; this one
takes as many connections as a concurrent client opens at once and stays silent. Ready is told by one line of JSON on
standard output, {"baseUrl": "http://127.0.0.1:…/v2"}; closing standard input ends it.

The environment variable SCIM_TOKEN is the bearer token. The first argument, if there is one, is a JSON object that is laid
over the announced ServiceProviderConfig, which also steers how the server behaves.
"""

import json
import os
import secrets
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import ScimProvider, ServiceProviderConfig
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.testserver.cli import ThreadingWSGIServer
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)


class PatientServer(ThreadingWSGIServer):
    request_queue_size = 256


class SilentHandler(WSGIRequestHandler):
    def log_message(self, format, *args):  # the base class prints here
        pass


def service_provider_config(overrides):
    announced = load_default_service_provider_config().model_dump()
    announced.update(overrides)
    config = ServiceProviderConfig.model_validate(announced)
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    return config


def main():
    overrides = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(),
        load_default_resource_types().values(),
        config=service_provider_config(overrides),
    )
    application = BearerTokenApplication(
        InMemoryStorage(),
        provider,
        service=ScimService(provider, secret=secrets.token_urlsafe(32)),
        bearer_tokens=[os.environ["SCIM_TOKEN"]],
    )
    with make_server(
        "127.0.0.1", 0, application, server_class=PatientServer, handler_class=SilentHandler
    ) as server:

        def stop_with_parent():
            sys.stdin.buffer.read()
            server.shutdown()

        print(json.dumps({"baseUrl": f"http://127.0.0.1:{server.server_port}/v2"}), flush=True)
        threading.Thread(target=stop_with_parent, daemon=True).start()
        server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
