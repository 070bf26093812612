"""The check must fail on a broken deployment: each test breaks one thing in a copy, and reads what the check says of it.

Run as `checkers-python deploy/check/test_broken.py BINARY`.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent
BINARY = ""

# (file, what stands there, what is put in its place, what the check must say)
BROKEN = {
    "a field that Kubernetes does not know": ("kubernetes/deployment.yaml", "maxSurge: 1", "maxSurges: 1", "maxSurges"),
    "a value of the wrong type": ("kubernetes/horizontalpodautoscaler.yaml", "minReplicas: 2", "minReplicas: two", "two"),
    "a version of an API that is gone": ("kubernetes/horizontalpodautoscaler.yaml", "autoscaling/v2", "autoscaling/v2beta2", "v2beta2"),
    "a resource that is left out": ("kubernetes/kustomization.yaml", "  - networkpolicy.yaml\n", "", "one NetworkPolicy"),
    "a manifest that is not there": ("kubernetes/kustomization.yaml", "- service.yaml", "- services.yaml", "services.yaml"),
    "selectors that also rewrite the policy's peers": ("kubernetes/kustomization.yaml", "includeTemplates: true", "includeSelectors: true", "is the service itself"),
    "a budget for nobody's pods": ("kubernetes/poddisruptionbudget.yaml", "app.kubernetes.io/name: salesforce-transformer", "app.kubernetes.io/name: other", "PodDisruptionBudget: its selector"),
    "an autoscaler of another deployment": ("kubernetes/horizontalpodautoscaler.yaml", "kind: Deployment\n    name: salesforce-transformer", "kind: Deployment\n    name: other", "scaleTargetRef"),
    "a probe of a port that is not open": ("kubernetes/deployment.yaml", "path: /ready, port: http", "path: /ready, port: web", "no port web"),
    "a readiness probe that never turns": ("kubernetes/deployment.yaml", "path: /ready", "path: /health", "it must ask /ready"),
    "a file system that can be written": ("kubernetes/deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem must be True"),
    "a pod that may be root": ("kubernetes/deployment.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot must be True"),
    "no limit of memory": ("kubernetes/deployment.yaml", "            limits:\n              memory: 1Gi\n", "", "limits.memory is missing"),
    "a pod that is killed while it stops": ("kubernetes/deployment.yaml", "terminationGracePeriodSeconds: 75", "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds is 60"),
    "a setting that takes longer to stop than the pod may": ("kubernetes/settings.env", "LOG_FORMAT=json", "SHUTDOWN_TIMEOUT=5m", "stopping may take 30"),
    "a setting that does not exist": ("kubernetes/settings.env", "LOG_FORMAT", "LOG_FORM", "no setting LOG_FORM"),
    "an admin address for everybody": ("kubernetes/admin/kustomization.yaml", "127.0.0.1:9091", "0.0.0.0:9091", "needs ADMIN_TOKEN_FILE"),
    "an admin address that only kustomize opens": ("kubernetes/admin/kustomization.yaml", "127.0.0.1:9091", "127.0.0.1:9092", "Helm has 127.0.0.1:9091"),
    "a token that is not mounted": ("compose.yaml", "ADMIN_TOKEN_FILE: /etc/", "ADMIN_TOKEN_FILE: /run/", "is not mounted"),
    "a secret among the settings": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_CLIENT_SECRET=x", "belongs in the Secret"),
    "a setting that no single destination has": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_SANDBOX_dst_1=true", "no setting SALESFORCE_SANDBOX_dst_1"),
    "a key that is no file": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_JWT_KEY_dst_1=x", "no setting SALESFORCE_JWT_KEY_dst_1"),
    "a destination's secret among the settings": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_CLIENT_SECRET_dst_1=x", "SALESFORCE_CLIENT_SECRET_dst_1 belongs in the Secret"),
    "an autoscaler that differs in the chart": ("helm/values.yaml", "maxReplicas: 4", "maxReplicas: 9", "Helm has 9"),
    "a field that the chart lacks": ("helm/templates/deployment.yaml", "      enableServiceLinks: false\n", "", "enableServiceLinks: kustomize has False, Helm has None"),
    "an object that the chart lacks": ("helm/values.yaml", "networkPolicy:\n  enabled: true", "networkPolicy:\n  enabled: false", "NetworkPolicy/salesforce-transformer"),
    "a value that the chart does not know": ("helm/values.yaml", "tolerations: []", "toleration: []", "toleration"),
    "the port among the settings of the chart": ("helm/values.yaml", "LOG_FORMAT: json", 'PORT: "9091"', "invalid propertyName 'PORT'"),
    "a secret among the settings of the chart": ("helm/values.yaml", "LOG_FORMAT: json", "SALESFORCE_CLIENT_SECRET_dst_1: x", "invalid propertyName 'SALESFORCE_CLIENT_SECRET_dst_1'"),
    "a key among the settings of the chart": ("helm/values.yaml", "LOG_FORMAT: json", "SALESFORCE_JWT_KEY: x", "invalid propertyName 'SALESFORCE_JWT_KEY'"),
    "an autoscaler that may never scale": ("helm/values.yaml", "maxReplicas: 4", "maxReplicas: 1", "minReplicas is more than autoscaling.maxReplicas"),
    "a policy that keeps RudderStack's chart out": ("kubernetes/rudderstack-helm/peers.yaml", "rudderServer: rudderstack", "rudderServer: rudder-server", "does not let in rudder-server"),
    "a policy that does not reach RudderStack's transformer": ("kubernetes/rudderstack-helm/peers.yaml", "rudderTransformer: rudderstack-transformer", "rudderTransformer: rudder-transformer", "does not reach the transformer"),
    "an upstream that RudderStack's chart does not have": ("kubernetes/rudderstack-helm/kustomization.yaml", "UPSTREAM_URL=http://rudderstack-transformer", "UPSTREAM_URL=http://rudder-transformer", "is no Service of the chart"),
    "a rudder-server that is not switched over": ("kubernetes/rudderstack-helm/post-renderer", 'variable(line[n]) != "DEST_TRANSFORM_URL"', 'found++ || variable(line[n]) != "DEST_TRANSFORM_URL"', "DEST_TRANSFORM_URL is http://rudderstack-transformer:9090, which is not this service"),
    "a rudder-server that delivers by itself": ("kubernetes/rudderstack-helm/post-renderer", "SALESFORCE SALESFORCE_OAUTH SALESFORCE_OAUTH_SANDBOX", "SALESFORCE", "RSERVER_ROUTER_SALESFORCE_OAUTH_TRANSFORMER_PROXY is None"),
    "a rudder-server that a patch does not switch over": ("kubernetes/rudderstack-helm/rudder-server/kustomization.yaml", 'value: "http://salesforce-transformer:9090"', 'value: "http://other:9090"', "DEST_TRANSFORM_URL is http://other:9090, which is not this service"),
    "a rudder-server with two addresses": ("kubernetes/rudderstack-helm/rudder-server/kustomization.yaml", "name: DEST_TRANSFORM_URL, $patch: delete", "name: OTHER, $patch: delete", "DEST_TRANSFORM_URL is http://rudderstack-transformer:9090, which is not this service"),
    "a store that is not the one of the setting": ("kubernetes/valkey/kustomization.yaml", "SHARED_STATE_URL=redis://salesforce-transformer-valkey", "SHARED_STATE_URL=redis://redis", "SHARED_STATE_URL is redis://redis:6379"),
    "a policy that does not reach the store": ("kubernetes/valkey/kustomization.yaml", "ports: [{port: 6379}]", "ports: [{port: 6380}]", "does not reach the store"),
    "a store that others reach, too": ("kubernetes/valkey/networkpolicy.yaml", "app.kubernetes.io/name: salesforce-transformer\n      ports", "app.kubernetes.io/part-of: rudder\n      ports", "is not the service"),
    "a store that forgets what is in use": ("kubernetes/valkey/deployment.yaml", "noeviction", "allkeys-lru", "must be noeviction or volatile-"),
    "a store that may write to its image": ("kubernetes/valkey/deployment.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "the store's container: securityContext.readOnlyRootFilesystem must be True"),
    "a store whose service means nobody": ("kubernetes/valkey/service.yaml", "selector:\n    app.kubernetes.io/name: salesforce-transformer-valkey", "selector:\n    app.kubernetes.io/name: valkey", "the store's Service: its selector"),
    "a login of the store among the settings": ("kubernetes/settings.env", "LOG_FORMAT=json", "SHARED_STATE_URL=redis://:x@redis", "belongs in the Secret"),
    "the secret of the shared state among the settings": ("kubernetes/settings.env", "LOG_FORMAT=json", "SHARED_STATE_KEY=x", "SHARED_STATE_KEY belongs in the Secret"),
    "a login of the store among the settings of the chart": ("helm/values.yaml", "LOG_FORMAT: json", "SHARED_STATE_URL: redis://:x@redis", "SHARED_STATE_URL"),
    "a user that OpenShift does not give": ("kubernetes/openshift/kustomization.yaml", "      - {op: remove, path: /spec/template/spec/securityContext/runAsUser}\n", "", "runAsUser: kustomize has 65532, Helm has None"),
    "a chart of another version": ("helm/Chart.yaml", "appVersion: 0.1.0", "appVersion: 0.0.9", "helm/Chart.yaml: appVersion is 0.0.9"),
    "alerts that were changed at their source alone": ("prometheus/alerts.yaml", "for: 1m", "for: 9m", "run deploy/prometheus/copies"),
    "a monitor of nobody's pods": ("kubernetes/monitoring/podmonitor.yaml", "app.kubernetes.io/name: salesforce-transformer", "app.kubernetes.io/name: other", "PodMonitor: its selector"),
    "pods that are scraped twice": ("helm/templates/deployment.yaml", "if not .Values.monitoring.enabled", "if true", "scraped a second time"),
    "a field that Compose does not know": ("compose.yaml", "stop_grace_period", "stop_grace_time", "stop_grace_time"),
    "a service that is not in the stack": ("compose.yaml", "UPSTREAM_URL: http://rudder-transformer", "UPSTREAM_URL: http://transformer", "UPSTREAM_URL is at transformer"),
    "a container that is killed while it stops": ("compose.yaml", "stop_grace_period: 75s", "stop_grace_period: 10s", "stop_grace_period is 10 s"),
    "a simulator with more rights than it needs": ("compose.yaml", 'ports: ["127.0.0.1:9400:9400"]\n    read_only: true', 'ports: ["127.0.0.1:9400:9400"]\n    read_only: false', "salesforce: read_only must be True"),
    "replicas at one port": ("compose.yaml", "127.0.0.1:9090-9091:9090", "127.0.0.1:9090:9090", "are not the ports of 2 replicas"),
    "replicas that share nothing": ("compose.yaml", "      SHARED_STATE_URL: redis://valkey:6379\n", "", "share no state"),
    "a store that is not in the stack": ("compose.yaml", "redis://valkey:6379", "redis://redis:6379", "SHARED_STATE_URL is at redis"),
    "a workspace file that is not there": ("compose.yaml", "./compose/workspace.json", "./workspace.json", "mounts what is not there"),
}


class Broken(unittest.TestCase):
    def check(self, deploy):
        command = [HERE / "run", BINARY, deploy]
        done = subprocess.run(command, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def test_what_is_in_order_passes(self):
        status, said = self.check(HERE.parent)
        self.assertEqual(status, 0, said)

    def test_a_destination_may_have_settings_of_its_own(self):
        own = {
            "SALESFORCE_AUTH_dst_1": "client-credentials",
            "SALESFORCE_CLIENT_SECRET_FILE_dst_1": "/secrets/dst-1",
            "SALESFORCE_CLIENT_SECRET_dst_2_FILE": "/secrets/dst-2",
        }
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "deploy"
            shutil.copytree(HERE.parent, copy)
            with (copy / "kubernetes/settings.env").open("a") as settings:
                settings.writelines(f"{name}={value}\n" for name, value in own.items())
            values = copy / "helm/values.yaml"
            lines = "".join(f"\n  {name}: {value}" for name, value in own.items())
            values.write_text(values.read_text().replace("\n  LOG_FORMAT: json", "\n  LOG_FORMAT: json" + lines))
            status, said = self.check(copy)
        self.assertEqual(status, 0, said)

    def post_rendered(self, chart, **environment):
        command = [HERE.parent / "kubernetes/rudderstack-helm/post-renderer"]
        done = subprocess.run(command, input=chart, capture_output=True, text=True, env={**os.environ, **environment})
        return done.returncode, done.stdout, done.stderr

    def test_a_chart_without_the_variable_is_refused(self):
        status, _, said = self.post_rendered("env:\n  - name: OTHER\n    value: x\n")
        self.assertEqual((status, said), (1, "error: the chart sets no DEST_TRANSFORM_URL, so that rudder-server would not be switched\n"))

    def test_a_variable_without_a_plain_value_is_refused(self):
        for value in ("valueFrom: {}", "value: >-\n      http://other", "value:"):
            status, _, said = self.post_rendered(f"env:\n  - name: DEST_TRANSFORM_URL\n    {value}\n")
            self.assertEqual(status, 1)
            self.assertIn("DEST_TRANSFORM_URL has no plain value behind it", said)

    def test_what_the_user_has_set_stays_and_the_rest_is_byte_for_byte(self):
        chart = """\
spec:
  containers:
  - name: rudderstack-backend
    env:
      - name: RSERVER_ROUTER_SALESFORCE_TRANSFORMER_PROXY
        value: "false"
      - name: "DEST_TRANSFORM_URL"
        value: http://other
    args: ["DEST_TRANSFORM_URL"]  # é
"""
        expected = """\
spec:
  containers:
  - name: rudderstack-backend
    env:
      - name: RSERVER_ROUTER_SALESFORCE_TRANSFORMER_PROXY
        value: "false"
      - name: "DEST_TRANSFORM_URL"
        value: "http://here:1"
      - name: RSERVER_ROUTER_SALESFORCE_OAUTH_TRANSFORMER_PROXY
        value: "true"
      - name: RSERVER_ROUTER_SALESFORCE_OAUTH_SANDBOX_TRANSFORMER_PROXY
        value: "true"
    args: ["DEST_TRANSFORM_URL"]  # é
"""
        self.assertEqual(self.post_rendered(chart, SALESFORCE_TRANSFORMER_URL="http://here:1"), (0, expected, ""))


def broken(file, there, instead, expected):
    def test(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "deploy"
            shutil.copytree(HERE.parent, copy)
            text = (copy / file).read_text()
            self.assertIn(there, text)
            (copy / file).write_text(text.replace(there, instead))
            status, said = self.check(copy)
        self.assertNotEqual(status, 0, said)
        self.assertIn(expected, said)

    return test


for name, change in BROKEN.items():
    setattr(Broken, "test_" + name.replace(" ", "_"), broken(*change))

if __name__ == "__main__":
    BINARY = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
