"""The check must fail on a broken deployment: each test breaks one thing in a copy, and reads what the check says of it.

Run as `checkers-python deploy/check/test_broken.py BINARY`.
"""

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
    "a secret among the settings": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_CLIENT_SECRET=x", "belongs in the Secret"),
    "a setting that no single destination has": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_SANDBOX_dst_1=true", "no setting SALESFORCE_SANDBOX_dst_1"),
    "a key that is no file": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_JWT_KEY_dst_1=x", "no setting SALESFORCE_JWT_KEY_dst_1"),
    "a destination's secret among the settings": ("kubernetes/settings.env", "LOG_FORMAT=json", "SALESFORCE_CLIENT_SECRET_dst_1=x", "SALESFORCE_CLIENT_SECRET_dst_1 belongs in the Secret"),
    "a field that Compose does not know": ("compose.yaml", "stop_grace_period", "stop_grace_time", "stop_grace_time"),
    "a service that is not in the stack": ("compose.yaml", "UPSTREAM_URL: http://rudder-transformer", "UPSTREAM_URL: http://transformer", "UPSTREAM_URL is at transformer"),
    "a container that is killed while it stops": ("compose.yaml", "stop_grace_period: 75s", "stop_grace_period: 10s", "stop_grace_period is 10 s"),
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
        own = [
            "SALESFORCE_AUTH_dst_1=client-credentials",
            "SALESFORCE_CLIENT_SECRET_FILE_dst_1=/secrets/dst-1",
            "SALESFORCE_CLIENT_SECRET_dst_2_FILE=/secrets/dst-2",
        ]
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "deploy"
            shutil.copytree(HERE.parent, copy)
            with (copy / "kubernetes/settings.env").open("a") as settings:
                settings.write("\n".join(own) + "\n")
            status, said = self.check(copy)
        self.assertEqual(status, 0, said)


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
