# Speaks to the stand-in as somebody who knows only the real thing: hvac, the client of Debian. Prints what it saw as JSON.
import base64, json, sys
import hvac

address, namespace, root, role_id, secret_id = sys.argv[1:6]
seen = {}


def b64(text):
    return base64.b64encode(text.encode()).decode()


admin = hvac.Client(url=address, token=root, namespace=namespace)
seen["root"] = admin.is_authenticated()
kv = admin.secrets.kv.v2
seen["versions"] = [kv.create_or_update_secret(path="team/app", secret={"n": n}, mount_point="secret")["data"]["version"] for n in (1, 2)]
try:
    kv.create_or_update_secret(path="team/app", secret={"n": 9}, cas=1, mount_point="secret")
except hvac.exceptions.InvalidRequest as error:
    seen["conflict"] = str(error)
seen["first"] = kv.read_secret_version(path="team/app", version=1, mount_point="secret")["data"]["data"]
kv.delete_latest_version_of_secret(path="team/app", mount_point="secret")
try:
    kv.read_secret_version(path="team/app", mount_point="secret")
except hvac.exceptions.InvalidPath:
    seen["deleted"] = True
kv.undelete_secret_versions(path="team/app", versions=[2], mount_point="secret")
kv.destroy_secret_versions(path="team/app", versions=[1], mount_point="secret")
# Its own way is the method LIST, which Node's HTTP parser does not know; Vault documents this as the same.
seen["list"] = admin.adapter.get("/v1/secret/metadata/team", params={"list": "true"})["data"]["keys"]
about = kv.read_secret_metadata(path="team/app", mount_point="secret")["data"]
seen["destroyed"] = [about["versions"][number]["destroyed"] for number in ("1", "2")]

transit = admin.secrets.transit
transit.create_key(name="seeds", mount_point="transit")
sealed = transit.encrypt_data(name="seeds", plaintext=b64("plain"), mount_point="transit")["data"]["ciphertext"]
transit.rotate_key(name="seeds", mount_point="transit")
moved = transit.rewrap_data(name="seeds", ciphertext=sealed, mount_point="transit")["data"]["ciphertext"]
opened = transit.decrypt_data(name="seeds", ciphertext=moved, mount_point="transit")["data"]["plaintext"]
seen["transit"] = [sealed[:9], moved[:9], base64.b64decode(opened).decode()]
seen["latest"] = transit.read_key(name="seeds", mount_point="transit")["data"]["latest_version"]

worker = hvac.Client(url=address, namespace=namespace)
worker.token = worker.auth.approle.login(role_id=role_id, secret_id=secret_id)["auth"]["client_token"]
seen["worker"] = worker.is_authenticated()
seen["renewed"] = worker.renew_token()["auth"]["lease_duration"] > 0
try:
    worker.secrets.kv.v2.read_secret_version(path="team/app", mount_point="secret")
except hvac.exceptions.Forbidden:
    seen["forbidden"] = True
worker.revoke_self_token()
seen["revoked"] = not worker.is_authenticated()
print(json.dumps(seen))
