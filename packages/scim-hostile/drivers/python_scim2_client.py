"""Drives Python's scim2-client by lines of JSON, for the hostile suite.

The library has no walk over pages, so listings use the loop that its users write: advance by the rows received, end at totalResults or at an
empty page. Unknown attributes are kept (the library's own tolerant policy), and HTTP is httpx2 with the timeout of the case.
"""

import json
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import httpx2
from scim2_client import RequestNetworkException
from scim2_client import ResponsePayloadValidationException
from scim2_client import SCIMResponseException
from scim2_client import UnexpectedContentFormatException
from scim2_client import UnexpectedContentTypeException
from scim2_client import UnexpectedStatusCodeException
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import Email
from scim2_models import ETag
from scim2_models import Group
from scim2_models import GroupMember
from scim2_models import Meta
from scim2_models import Name
from scim2_models import PatchOp
from scim2_models import PatchOperation
from scim2_models import ScimPolicy
from scim2_models import ScimProvider
from scim2_models import SCIMException
from scim2_models import SearchRequest
from scim2_models import ServiceProviderConfig
from scim2_models import User

BY_STATUS = {
    400: "invalid-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "unsupported",
    409: "conflict",
    412: "precondition-failed",
    413: "too-large",
    422: "invalid-request",
    429: "rate-limited",
    501: "unsupported",
}


def failure(error):
    """What the library's error says, in the words of the suite."""
    status = None
    detail = None
    if isinstance(error, SCIMException):
        status = int(getattr(error, "status", 0) or 0) or None
        detail = error.detail
        kind = "filter-required" if error.scim_type == "tooMany" else BY_STATUS.get(status, "server-error" if (status or 0) >= 500 else "other")
    elif isinstance(error, RequestNetworkException):
        kind = "timeout" if isinstance(error.__cause__, httpx2.TimeoutException) else "network"
    elif isinstance(error, UnexpectedStatusCodeException):
        status = getattr(error.source, "status_code", None)
        kind = "redirect-refused" if status and 300 <= status < 400 else BY_STATUS.get(status, "server-error" if (status or 0) >= 500 else "other")
    elif isinstance(error, (UnexpectedContentTypeException, UnexpectedContentFormatException)):
        kind = "not-scim"
    elif isinstance(error, (ResponsePayloadValidationException, SCIMResponseException)):
        kind = "invalid-answer"
    else:
        kind = "other"
    text = "".join(traceback.format_exception(error))
    # The first line is what a person reads first.
    return {"kind": kind, "text": f"{type(error).__name__}: {error}\n{text}", **({"status": status} if status else {}), **({"detail": detail} if detail else {})}


def some(**values):
    """Only the values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def seen_user(user):
    extra = getattr(user, "unknown_attributes", None) or {}
    return some(
        id=user.id,
        userName=user.user_name,
        displayName=user.display_name,
        externalId=user.external_id,
        active=user.active,
        emails=[email.value for email in user.emails or [] if email and email.value],
        color=extra.get("urn:example:color"),
    )


def seen_group(group):
    members = "unknown" if group.members is None else [some(id=member.value, type=member.type) for member in group.members]
    return some(id=group.id, displayName=group.display_name, members=members)


def new_user(wanted):
    name = None
    if wanted.get("givenName") or wanted.get("familyName"):
        name = Name(given_name=wanted.get("givenName"), family_name=wanted.get("familyName"))
    return User(
        user_name=wanted["userName"],
        external_id=wanted.get("externalId"),
        name=name,
        emails=[Email(value=wanted["email"], primary=True, type="work")],
    )


POLICY = ScimPolicy(unknown=ScimPolicy.Unknown.keep)


class Session:
    def __init__(self, options):
        self.options = options
        self.http = httpx2.Client(
            base_url=options["baseUrl"],
            headers={"Authorization": f"Bearer {options['token']}"},
            timeout=options["timeoutMillis"] / 1000,
        )
        self.scim = SyncSCIMClient(self.http, provider=ScimProvider(models=[User, Group], policy=POLICY))

    def walk(self, model, **query):
        rows = []
        start = 1
        while True:
            request = SearchRequest(start_index=start, count=self.options["pageSize"], **query)
            page = self.scim.query(model, query_parameters=request)
            received = page.resources or []
            rows += received
            start += len(received)
            if not received or page.total_results is None or len(rows) >= page.total_results:
                return rows

    def listUsers(self):
        return [seen_user(user) for user in self.walk(User)]

    def listGroups(self):
        return [seen_group(group) for group in self.walk(Group)]

    def getUser(self, id):
        return seen_user(self.scim.query(User, id))

    def getGroup(self, id):
        return seen_group(self.scim.query(Group, id))

    def findUsers(self, attribute, value):
        return [seen_user(user) for user in self.walk(User, filter=f"{attribute} eq {json.dumps(value)}")]

    def createUser(self, wanted):
        return seen_user(self.scim.create(new_user(wanted)))

    def replaceUser(self, id, wanted):
        user = new_user(wanted)
        user.id = id
        self.scim.replace(user)
        return {"id": id}

    def replaceIfMatch(self, id, wanted, version):
        # The library sends If-Match by itself where a server announces entity tags.
        config = ServiceProviderConfig(etag=ETag(supported=True))
        scim = SyncSCIMClient(self.http, provider=ScimProvider(models=[User, Group], config=config, policy=POLICY))
        user = new_user(wanted)
        user.id = id
        user.meta = Meta(version=version)
        scim.replace(user)
        return {"id": id}

    def setActive(self, id, active):
        self.scim.modify(User, id, PatchOp[User](operations=[PatchOperation(op="replace", path="active", value=active)]))
        return {"id": id}

    def deleteUser(self, id):
        self.scim.delete(User, id)
        return {"id": id}

    def addMembers(self, group, ids):
        members = [GroupMember(value=id) for id in ids]
        self.scim.modify(Group, group, PatchOp[Group](operations=[PatchOperation(op="add", path="members", value=members)]))
        return "added"

    def removeMember(self, group, id):
        path = f"members[value eq {json.dumps(id)}]"
        self.scim.modify(Group, group, PatchOp[Group](operations=[PatchOperation(op="remove", path=path)]))
        return "removed"

    def configuration(self):
        config = self.scim.query(ServiceProviderConfig)

        def support(part):
            return "unknown" if part is None or part.supported is None else "supported" if part.supported else "unsupported"

        return {"patch": support(config.patch), "bulk": support(config.bulk), "filter": support(config.filter)}

    def close(self):
        self.http.close()


CALLS = [name for name in vars(Session) if not name.startswith("_") and name not in ("walk", "close")]


def main():
    sessions = {}
    writing = threading.Lock()

    def serve(request):
        try:
            if request["call"] == "connect":
                sessions[request["session"]] = Session(request["arguments"][0])
                value = None
            else:
                value = getattr(sessions[request["session"]], request["call"])(*request["arguments"])
            answer = {"ok": True, "value": value}
        except Exception as error:  # noqa: BLE001 - every failure is an answer here
            answer = {"ok": False, "failure": failure(error)}
        with writing:
            print(json.dumps({"id": request["id"], "answer": answer}), flush=True)

    print(json.dumps({"client": f"scim2-client {version('scim2-client')}", "calls": CALLS}), flush=True)
    with ThreadPoolExecutor(64) as pool:
        for line in sys.stdin:
            pool.submit(serve, json.loads(line))


main()
