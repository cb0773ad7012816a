"""A small cluster of Spark's here: a master, two workers that come back when killed, and Spark Connect."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import wait_for

ROOT = Path(__file__).resolve().parents[1]
CLASSIC = Path(
    os.environ.get("SEGUE_CLASSIC_SPARK", Path(sys.prefix) / "classic-spark")
)  # start.py puts it there
STARTED_S = 300.0  # seconds on an idle machine
WORKERS = 2


def environment(faults: Path) -> dict[str, str]:
    """Of all processes of the cluster."""
    path = os.pathsep.join([str(ROOT / "tests" / "spark_faults"), str(ROOT / "src")])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SPARK_")}
    return {
        **kept, "SPARK_HOME": str(CLASSIC / "pyspark"), "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_DIRS": str(faults.parent / "local"), "SPARK_DAEMON_MEMORY": "512m",
        "SPARK_MASTER_OPTS": "-Dspark.master.rest.enabled=false", "PYTHONPATH": path,
        "PYTHONWARNINGS": "ignore", "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1",
        "SEGUE_TEST_FAULTS": str(faults), "PYSPARK_PYTHON": sys.executable,
        "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # starts sooner
    }  # fmt: skip


class Cluster:
    """Runs until it is closed; a worker that is killed is started again, as a real cluster's are."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("java"):
            pytest.skip("no Java: install Java 17 or newer, as with apt install default-jre-headless")
        if not (CLASSIC / "pyspark" / "jars").is_dir():
            pytest.skip(f"no Spark in {CLASSIC}: `python3 start.py test` installs PyPI's pyspark there")
        self.folder = folder
        self.faults = folder / "faults"
        self.faults.mkdir()
        self._closing = False
        self._starting = threading.Lock()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._port, self.connect_port = free_port(), free_port()
        self.master = f"spark://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Everything, until Spark Connect answers."""
        self._start("master", "org.apache.spark.deploy.master.Master", "--port", str(self._port))
        self._wait_for("master", self._port)
        for i in range(WORKERS):
            threading.Thread(target=self._keep_worker, args=(f"worker{i}",), daemon=True).start()
        self._start_connect()
        self._wait_for("connect", self.connect_port)

    def _wait_for(self, name: str, port: int) -> None:
        def answers_or_ended() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0 or self._processes[name].poll() is not None

        wait_for(answers_or_ended, STARTED_S)
        if self._processes[name].poll() is not None:
            pytest.fail(f"{name} does not start: {(self.folder / f'{name}.log').read_text('utf-8')[-3000:]}")

    def _start(self, name: str, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        where = ["--host", "127.0.0.1", "--webui-port", "0"] if "deploy.SparkSubmit" not in program else []
        spark_class = CLASSIC / "pyspark" / "bin" / "spark-class"
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                ["bash", str(spark_class), program, *where, *arguments], stdout=log, stderr=log,
                env=environment(self.faults), cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        self._processes[name] = process
        return process

    def _keep_worker(self, name: str) -> None:
        options = ["--cores", "2", "--memory", "2g", "--work-dir", str(self.folder / name)]
        while True:
            with self._starting:
                if self._closing:
                    return
                process = self._start(name, "org.apache.spark.deploy.worker.Worker", *options, self.master)
            process.wait()

    def _start_connect(self) -> None:
        settings = {**self.settings(), "spark.connect.grpc.binding.port": str(self.connect_port)}
        options = [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        submit = ["--master", self.master, "--class", server, *options]
        self._start("connect", "org.apache.spark.deploy.SparkSubmit", *submit)

    def settings(self) -> dict[str, str]:
        """Of an application: a core on each worker, and tasks that lag are started a second time."""
        return {
            "spark.ui.enabled": "false", "spark.cores.max": str(WORKERS), "spark.executor.cores": "1",
            "spark.executor.memory": "512m", "spark.sql.shuffle.partitions": "4",
            "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
            "spark.speculation": "true", "spark.speculation.quantile": "0.5",
            "spark.speculation.minTaskRuntime": "200ms",
        }  # fmt: skip

    def close(self) -> None:
        with self._starting:
            self._closing = True
        for process in self._processes.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait()
